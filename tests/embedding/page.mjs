// Drives the page in Chromium for test_web.py: commands as lines of JSON in, results as lines of JSON out.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const [packages, executablePath, ...more] = process.argv.slice(2);
const { chromium } = createRequire(`${packages}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, headless: true, args: more.length ? [...QUIET.filter((a) => a !== "--disable-gpu"), ...more] : QUIET });
const context = await browser.newContext({ viewport: { width: 1000, height: 900 } });
let page = null;
let faults = [];

const commands = {
  async open({ url, scheme }) {
    await page?.close();
    faults = [];
    page = await context.newPage();
    await page.emulateMedia({ colorScheme: scheme ?? "light" });
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
    page.on("request", (request) => new URL(request.url()).origin === new URL(url).origin || /^(data|blob):/.test(request.url()) || faults.push(request.url()));
    await page.goto(url);
    // the backend is named once the self-test is through, whether it passed or not
    await page.waitForFunction(() => document.getElementById("status-backend").dataset.state !== "wait", null, { timeout: 60000 });
    return commands.read();
  },
  /** Gives a file by the button, or drops it on the page. */
  async give({ name, text, base64, drop, file }) {
    const content = base64 ? Buffer.from(base64, "base64") : Buffer.from(text ?? "");
    await commands.forget();
    if (drop) {
      const data = await page.evaluateHandle(([n, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], n));
        return transfer;
      }, [name, [...content]]);
      await page.dispatchEvent("body", "drop", { dataTransfer: data });
    } else {
      await page.setInputFiles("#file", file ?? { name, mimeType: "text/plain", buffer: content });
    }
    return commands.settled();
  },
  async click({ name }) {
    await commands.forget();
    await page.getByRole("button", { name, exact: true }).click();
    return commands.settled();
  },
  /** Presses the button of the microphone, and presses it again when that much was heard. */
  async listen({ seconds }) {
    await commands.forget();
    await page.getByRole("button", { name: "Listen", exact: true }).click();
    await page.getByRole("button", { name: "Stop and answer", exact: true }).waitFor({ timeout: 30000 });
    await page.waitForTimeout(seconds * 1000);
    return commands.click({ name: "Stop and answer" });
  },
  async type({ text }) {
    await page.fill("#text", text);
    return commands.click({ name: "Answer" });
  },
  async keys({ keys }) {
    for (const key of keys) await page.keyboard.press(key);
    return commands.read();
  },
  async focus({ selector }) {
    await page.focus(selector);
    return commands.read();
  },
  /** Empties the message, so that the next one is told from it. */
  async forget() {
    await page.evaluate(() => {
      document.getElementById("message").textContent = "";
    });
  },
  /** Waits until the page says something that it did not say before, or the same anew. */
  async settled() {
    const before = settled;
    await page.waitForFunction(
      (last) => document.getElementById("message").textContent || Number(document.getElementById("result").dataset.answers ?? 0) > last,
      before,
      { timeout: 60000 },
    );
    const state = await commands.read();
    settled = state.answers;
    return state;
  },
  async read() {
    return page.evaluate(() => {
      const text = (selector) => document.querySelector(selector)?.textContent ?? "";
      return {
        test: text("#status-test"),
        backend: text("#status-backend"),
        message: text("#message"),
        timing: text("#timing"),
        shown: !document.getElementById("result").hidden,
        answers: Number(document.getElementById("result").dataset.answers ?? 0),
        verdict: text(".verdict .name"),
        bars: [...document.querySelectorAll(".bars .value")].map((v) => v.textContent),
        charts: document.querySelectorAll("figure svg").length,
        readout: text(".readout"),
        backends: text("#backends"),
        header: [...document.querySelectorAll("#answer thead th")].map((cell) => cell.textContent),
        rows: [...document.querySelectorAll("#answer tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent)),
      };
    });
  },
  async screenshot({ path }) {
    await page.screenshot({ path, fullPage: true });
    return {};
  },
};
let settled = 0;

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...given } = JSON.parse(line);
  if (command === "open") settled = 0;
  const result = await commands[command](given).catch((error) => ({ error: String(error) }));
  console.log(JSON.stringify({ ...result, faults }));
}
await browser.close();
