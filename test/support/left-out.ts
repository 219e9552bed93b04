/** A vitest reporter that ends the run with what was left out, and why. */
import type { Reporter, TestModule } from "vitest/node";

export class LeftOut implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const reasons = new Map<string, string[]>();
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        const result = test.result();
        const reason = (result.state === "skipped" && result.note) || "no reason is given";
        reasons.set(reason, [...(reasons.get(reason) ?? []), `${module.relativeModuleId} > ${test.fullName}`]);
      }
    }
    if (reasons.size === 0) return;
    console.log("\nLeft out (REQUIRE_ALL=1 makes this a failure):");
    for (const [reason, tests] of reasons) console.log(`  ${reason}\n${tests.map((test) => `    ${test}`).join("\n")}`);
  }
}
