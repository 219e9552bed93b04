/** The page at /voice in a real browser, with a file and with a microphone that plays it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page, type WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { AppOptions } from "../../src/http/app.ts";
import { listen, openHouse } from "../http/harness.ts";
import { CHROMIUM } from "../support/chromium.ts";
import { needs } from "../support/needs.ts";
import { joined, pcm, samples, spoken, wav } from "../support/spoken.ts";

/** However slow the machine is: what takes longer hangs. */
const HANGS_MS = 300_000;
const soon = <Value>(look: () => Value) => expect.poll(look, { timeout: HANGS_MS });

/** Two sentences with two seconds between them: two turns. */
function talk(): Float32Array {
  const sentences = ["Hello there, how are you today?", "I would like to book a table for two."];
  return joined(...sentences.map((words) => spoken(words)));
}

/** A silence that plays on while a slow machine looks; with it the sound is shorter than a minute, and told in seconds. */
const REST_S = 50;

describe("the page", () => {
  needs("espeak");
  needs("chromium");

  const folder = mkdtempSync(join(tmpdir(), "persona-runtime-"));
  const file = join(folder, "talk.wav");
  const long = join(folder, "long.wav");
  let browser: Browser | undefined;

  beforeAll(async () => {
    if (CHROMIUM === undefined) return;
    const said = talk();
    writeFileSync(file, wav(pcm(said)));
    writeFileSync(long, wav(pcm(joined(said, new Float32Array(samples(1_000 * REST_S))))));
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      timeout: HANGS_MS,
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

  async function visit(width: number, height: number, appOptions: AppOptions = {}) {
    const { app, runtime } = await openHouse({}, appOptions);
    const port = await listen(app);
    const page = await (browser as Browser).newPage({ viewport: { width, height } });
    onTestFinished(() => page.close());
    page.setDefaultTimeout(HANGS_MS);
    const faults: string[] = [];
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(`http://127.0.0.1:${port}/voice`);
    return { page, faults, runtime };
  }

  const place = async (page: Page) => Number.parseFloat((await page.textContent("#place")) ?? "");
  /** At one moment: what the button says, and the place to a tenth of a second. */
  const player = (page: Page) =>
    page.evaluate<[string, number]>(`[
      document.querySelector("#play").textContent,
      Math.round(10 * Number.parseFloat(document.querySelector("#place").textContent)) / 10,
    ]`);
  /** Waits for what is heard of the sound after this, whatever was said of it before. */
  async function hearingAgain(page: Page, change: () => Promise<unknown>): Promise<void> {
    await page.evaluate(`document.querySelector("#status").textContent = ""`);
    await change();
    await page.getByText(/: \d+\.\d\d s heard\./).waitFor();
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
    await hearingAgain(page, () => page.keyboard.press("End"));
    expect(await page.textContent("#count")).toBe("1 turn");
    await page.getByRole("button", { name: "Defaults" }).focus();
    await hearingAgain(page, () => page.keyboard.press("Enter"));
    expect(await page.textContent("#count")).toBe("2 turns");

    // Speech, turns and sound are drawn, with the next frame of the screen.
    const colours = () =>
      page.evaluate<string[]>(`{
        const canvas = document.querySelector("canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set();
        for (let at = 0; at < data.length; at += 4) seen.add(data.slice(at, at + 3).join());
        [...seen];
      }`);
    await soon(colours).toEqual(expect.arrayContaining(["47,143,91", "106,79,179", "135,147,160"]));
    expect(faults).toEqual([]);
  });

  it("listens to a microphone until it is told to stop, and can play what it heard, and hear it again", async () => {
    const { page, faults } = await visit(1_280, 900);
    await page.getByRole("button", { name: "Use the microphone" }).click();
    await page.getByText("Listening to the microphone.").waitFor();
    await page.locator("#events .turn_end").nth(1).waitFor();
    expect(await page.locator("#play").isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Stop the microphone" }).click();
    await page.getByText(/The recording: \d+\.\d\d s heard\./).waitFor();
    await page.locator("#play").click();
    await soon(() => place(page)).toBeGreaterThan(0.1);
    await page.locator("#listening-min_silence_ms").focus();
    await hearingAgain(page, () => page.keyboard.press("End"));
    expect(await page.textContent("#count")).toBe("1 turn");
    expect(faults).toEqual([]);
  });

  it("plays what it has heard, from any place, and each turn with its look-back", async () => {
    const { page, faults } = await visit(1_280, 900);
    const play = page.locator("#play");
    expect(await play.isDisabled()).toBe(true);
    await page.setInputFiles("#file", long);
    await page.getByText(/long\.wav: .* heard\./).waitFor();

    await play.click();
    await soon(() => place(page)).toBeGreaterThan(0.2);
    expect(await play.textContent()).toBe("Pause");
    await play.click();
    const paused = await place(page);
    await page.waitForFunction("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))");
    expect(await place(page)).toBe(paused);

    // The first turn, the older one in the list; it ends where the turn ended.
    const turns = page.locator("#events .turn_end button");
    const end = Number.parseFloat((await turns.nth(1).textContent()) ?? "");
    const played = ["Play", Math.round(10 * end) / 10];
    await turns.nth(1).click();
    // It does not begin at once, and the picture may be at the end before the sound is.
    await soon(() => player(page)).toEqual(played);

    // The same turn in the picture begins with 300 ms before its speech.
    const started = Number.parseFloat((await page.locator("#events .speech_start button").nth(1).textContent()) ?? "");
    const { width, height } = (await page.locator("#plot").boundingBox()) as { width: number; height: number };
    const length = Number((await page.getAttribute("#plot", "aria-valuemax")) ?? "") / 1_000;
    const at = (seconds: number, y: number) => ({ position: { x: 54 + ((width - 64) * seconds) / length, y } });
    await page.evaluate(`globalThis.starts = [];
      const { start } = AudioBufferSourceNode.prototype;
      AudioBufferSourceNode.prototype.start = function (...words) {
        starts.push(this.buffer.duration);
        start.apply(this, words);
      };`);
    await page.locator("#plot").click(at(started + 0.5, height - 50));
    await soon(() => page.evaluate<number[]>("starts")).toHaveLength(1);
    const [seconds] = await page.evaluate<number[]>("starts");
    expect(seconds).toBeCloseTo(end - (started - 0.3), 1);
    await soon(() => player(page)).toEqual(played);

    // Elsewhere a click goes there, also while it plays; and the keyboard does all of it.
    await page.locator("#plot").click(at(started + 0.5, 40));
    expect(Math.abs((await place(page)) - (started + 0.5))).toBeLessThan(length / width);
    await page.keyboard.press(" ");
    await soon(() => play.textContent()).toBe("Pause");
    await page.locator("#plot").click(at(length / 2, 40));
    await soon(() => place(page)).toBeGreaterThan(length / 2 - length / width);
    expect(await play.textContent()).toBe("Pause");
    await page.keyboard.press(" ");
    await soon(() => play.textContent()).toBe("Play");
    await page.keyboard.press("End");
    expect(await place(page)).toBeCloseTo(length, 1);
    await page.keyboard.press("ArrowLeft");
    expect(await place(page)).toBeCloseTo(length - 1, 1);
    await page.keyboard.press("Home");
    expect(await place(page)).toBe(0);
    expect(faults).toEqual([]);
  });

  it("takes every channel of a file, all of them or one, at whatever rate it was recorded", async () => {
    const { page } = await visit(1_280, 900);
    const voice = spoken("Hello there, how are you today?");
    // One sentence to the right, silence to the left: at 48 kHz, each sample three times.
    const sides = Float32Array.from({ length: 6 * voice.length }, (_, n) =>
      n % 2 === 0 ? 0 : (voice[Math.floor(n / 6)] ?? 0),
    );
    const stereo = wav(pcm(sides), { hz: 48_000, channels: 2 });
    await page.setInputFiles("#file", { name: "stereo.wav", mimeType: "audio/wav", buffer: stereo });
    await page.locator("#count", { hasText: "1 turn" }).waitFor();
    await page.getByText("stereo.wav:").waitFor();
    expect(await page.textContent("#status")).toBe(`stereo.wav: ${(voice.length / 16_000).toFixed(2)} s heard.`);
    // What was said of the sound before must not be taken for what is said next.
    await page.evaluate(`document.querySelector("#status").textContent = ""`);
    await page.selectOption("#channel", { label: "left" });
    await page.getByText(/stereo\.wav: \d/).waitFor();
    expect(await turnEnds(page)).toBe(0);
    await page.selectOption("#channel", { label: "right" });
    await page.locator("#count", { hasText: "1 turn" }).waitFor();
  });

  it("says what is wrong with a file, a microphone and a key", async () => {
    const { page, runtime } = await visit(1_280, 900, { auth: { mode: "required" } });
    const status = page.locator("#status.bad");
    await soon(() => status.textContent()).toBe("The server wants an API key.");
    await page.fill("#key", "pr_none");
    await page.keyboard.press("Enter");
    await soon(() => status.textContent()).toBe("The server does not know this key.");
    const { secret } = await runtime.keys.create({ user: "ada", name: "a test's", tier: "enterprise" });
    await page.fill("#key", secret);
    await page.keyboard.press("Enter");
    await page.getByText("No sound yet.").waitFor();

    const buffer = Buffer.from("This is no sound.");
    await page.setInputFiles("#file", { name: "letter.txt", mimeType: "text/plain", buffer });
    await soon(() => status.textContent()).toBe("letter.txt is no sound that this browser can read.");

    await page.evaluate(`navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException("Permission denied", "NotAllowedError"))`);
    const microphone = page.getByRole("button", { name: "Use the microphone" });
    await microphone.click();
    await soon(() => status.textContent()).toContain("This page may not use the microphone.");
    expect([await microphone.isDisabled(), await microphone.getAttribute("aria-pressed")]).toEqual([false, "false"]);

    // After all that, a sound is heard.
    await page.setInputFiles("#file", file);
    await page.locator("#count", { hasText: "2 turns" }).waitFor();
  });

  it("takes what is told of an earlier sound for nothing, and opens another voice when the server ended one", async () => {
    const { page } = await visit(1_280, 900);
    const ready = JSON.stringify({
      type: "ready",
      rate: 16_000,
      frame_ms: 8,
      turn: { listening: { threshold: 0.5, exit_threshold: 0.35 } },
    });
    const told = (at_ms: number) =>
      JSON.stringify({ type: "turn_end", sound_from_ms: 0, at_ms, known_at_ms: at_ms, reason: "silence" });
    const opened: WebSocketRoute[] = [];
    let starts = 0;
    await page.routeWebSocket(/voice\/turns/, (socket) => {
      opened.push(socket);
      socket.onMessage((frame) => {
        if (typeof frame !== "string") return;
        const { type } = JSON.parse(frame);
        if (type === "finish") socket.send(JSON.stringify({ type: "finished" }));
        if (type !== "start") return;
        starts += 1;
        // The second finds the server still telling of the first.
        if (starts === 3) for (const at of [100, 200]) socket.send(told(at));
        socket.send(ready);
        if (starts === 3) socket.send(told(700));
      });
    });
    await page.reload();
    await soon(() => starts).toBe(1);
    await page.setInputFiles("#file", file);
    await page.getByText("talk.wav:").waitFor();
    await page.selectOption("#detector", "network");
    await soon(() => starts).toBe(3);
    await page.getByText("talk.wav:").waitFor();
    expect(await page.locator("#events button").allTextContents()).toEqual(["0.70 s"]);

    await opened.at(-1)?.close({ code: 4408, reason: "nothing was sent for too long" });
    await page.selectOption("#detector", "energy");
    await soon(() => starts).toBe(4);
    await page.getByText("talk.wav:").waitFor();
    expect(opened).toHaveLength(2);
    expect(await page.locator("#status.bad").count()).toBe(0);
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
