/** The page at /voice in a real browser, with a file and with a microphone that plays it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { listen, openHouse } from "../http/harness.ts";
import { CHROMIUM } from "../support/chromium.ts";
import { needs } from "../support/needs.ts";
import { joined, pcm, spoken, wav } from "../support/spoken.ts";

/** Two sentences with two seconds between them: two turns. */
function talk(): Buffer {
  const sentences = ["Hello there, how are you today?", "I would like to book a table for two."];
  return wav(pcm(joined(...sentences.map((words) => spoken(words)))));
}

describe("the page", () => {
  needs("espeak");
  needs("chromium");

  const folder = mkdtempSync(join(tmpdir(), "persona-runtime-"));
  const file = join(folder, "talk.wav");
  let browser: Browser | undefined;

  beforeAll(async () => {
    if (CHROMIUM === undefined) return;
    writeFileSync(file, talk());
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      // Chromium's own sandbox refuses to run as root.
      chromiumSandbox: process.getuid?.() !== 0,
      args: [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        `--use-file-for-fake-audio-capture=${file}`,
      ],
    });
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  async function visit(width: number, height: number): Promise<{ page: Page; faults: string[] }> {
    const { app } = await openHouse();
    const port = await listen(app);
    const page = await (browser as Browser).newPage({ viewport: { width, height } });
    onTestFinished(() => page.close());
    const faults: string[] = [];
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(`http://127.0.0.1:${port}/voice`);
    return { page, faults };
  }

  const turnEnds = (page: Page) => page.locator("#events .turn_end").count();

  it("hears a file, again with other options, and with the keyboard alone", async () => {
    const { page, faults } = await visit(1_280, 900);
    await page.setInputFiles("#file", file);
    await page.getByText(/talk\.wav: \d+\.\d\d s heard\./).waitFor();
    expect(await turnEnds(page)).toBe(2);
    expect(await page.textContent("#count")).toBe("2 turns");

    // With three seconds of silence there is one turn.
    await page.locator("#listening-min_silence_ms").focus();
    await page.keyboard.press("End");
    await page.locator("#count", { hasText: /^1 turn$/ }).waitFor();
    await page.getByText("talk.wav:").waitFor();
    await page.getByRole("button", { name: "Defaults" }).focus();
    await page.keyboard.press("Enter");
    await page.locator("#count", { hasText: /^2 turns$/ }).waitFor();

    // Speech, turns and sound are drawn.
    const colours = await page.evaluate<string[]>(`{
      const canvas = document.querySelector("canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let at = 0; at < data.length; at += 4) seen.add(data.slice(at, at + 3).join());
      [...seen];
    }`);
    for (const colour of ["47,143,91", "106,79,179", "135,147,160"]) expect(colours).toContain(colour);
    expect(faults).toEqual([]);
  });

  it("listens to a microphone until it is told to stop", async () => {
    const { page, faults } = await visit(1_280, 900);
    await page.getByRole("button", { name: "Use the microphone" }).click();
    await page.getByText("Listening to the microphone.").waitFor();
    await page.locator("#events .turn_end").nth(1).waitFor();
    await page.getByRole("button", { name: "Stop the microphone" }).click();
    await page.getByText(/The sound: \d+\.\d\d s heard\./).waitFor();
    expect(faults).toEqual([]);
  });

  it("fits a phone", async () => {
    const { page } = await visit(360, 740);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    const overlaps = await page.evaluate(`{
      const parts = document.querySelectorAll(".sources > *, figure, #status, .columns > *, .option");
      const inner = [...parts].filter((part) => part.checkVisibility() && part.querySelector(".option") === null);
      const boxes = inner.map((part) => part.getBoundingClientRect());
      boxes.some((a, n) => boxes.slice(n + 1).some(
        (b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1,
      ));
    }`);
    expect(overlaps).toBe(false);
  });
});
