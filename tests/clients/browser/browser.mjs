// Chromium as a person uses it, and as axe and the console see it.

import assert from "node:assert/strict";

import axe from "axe-core";
import { chromium } from "playwright-core";

/**
 * Launches Chromium. `open()` gives a fresh person: own cookies, own page, watched for errors, and no way out of this
 * machine. `foreign` is the origin of pages that are not ours to mend, and whose complaints do not count.
 */
export async function launch() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
  const open = async ({ foreign, ...options } = {}) => {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
    context.setDefaultTimeout(15_000);
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await context.route((url) => !["localhost", "127.0.0.1"].includes(url.hostname), (route) => route.abort());
    const complaints = [];
    context.on("page", (page) => watch(page, (text) => (foreign && page.url().startsWith(foreign)) || complaints.push(text)));
    const page = await context.newPage();
    return { context, page, complaints };
  };
  return { open, close: () => browser.close() };
}

// What a browser complains about: script errors, refused resources, the content security policy.
function watch(page, complain) {
  page.on("pageerror", (error) => complain(`script: ${error}`));
  page.on("console", (message) => {
    // A page that refuses says so with its status, which Chromium reports; that is no fault of the page.
    const refusal = message.text().startsWith("Failed to load resource") && message.location().url === page.url();
    if (["error", "warning"].includes(message.type()) && !refusal) complain(`console: ${message.text()}`);
  });
  page.on("requestfailed", (request) => {
    if (request.failure()?.errorText !== "net::ERR_ABORTED") complain(`request: ${request.url()}`);
  });
}

/** Waits until the page is the one with this heading. */
export const at = (page, heading) => page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();

/** axe on the page with this heading, in light and dark, wide and at 360 px; and nothing to scroll sideways. */
export async function accessible(page, heading) {
  await at(page, heading);
  const before = page.viewportSize();
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1200, 360]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      const found = violations.map((v) => `${v.id}: ${v.help} ${v.nodes.map((node) => node.target).join(" ")}`);
      assert.deepEqual(found, [], `${heading}, ${colorScheme}, ${width} px`);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(sideways <= 0, `${heading}, ${width} px: ${sideways} px stick out`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
}

/** Presses Tab until the focus is on what is called `name`; a person must see where it is. */
export async function tabTo(page, name) {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const label = element.labels?.[0]?.textContent ?? "";
      return {
        name: (element.getAttribute("aria-label") || label || element.textContent).replace(/\s+/g, " ").trim(),
        seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
      };
    });
    if (name.test(focused.name)) {
      assert.ok(focused.seen, `the focus on "${focused.name}" cannot be seen`);
      return;
    }
  }
  assert.fail(`Tab never reaches ${name}`);
}

/** The portal's row of a role. */
export const role = (page, alias) => page.locator(`.row[data-alias="${alias}"]`).last();

/** The aliases of the roles on offer. */
export const offered = async (page) => [...new Set(await page.locator(".row").evaluateAll((rows) => rows.map((row) => row.dataset.alias)))].sort();

/** From the portal's first page through the demo's identity provider and back. */
export async function signIn(page, url, person, password = person) {
  await page.goto(url);
  await page.getByRole("link", { name: "Acme" }).click();
  await page.getByLabel("Name", { exact: true }).fill(person);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  if (password === person) await page.waitForURL(`${url}/`);
}
