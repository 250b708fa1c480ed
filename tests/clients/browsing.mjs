// A real browser, and how a page is looked at: at both sizes, light and dark, by axe. What it complains of stands in `told`.
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { given } from "./network.mjs";

const axe = await readFile("node_modules/axe-core/axe.min.js", "utf8");
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };
export const browser = await chromium.launch({
  executablePath: process.env.TEND_CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
export const told = { complaints: [], foreign: [], axe: [], wider: [], titles: {}, headings: {} };

export async function open(options) {
  // axe is let in; the policy is asked for where it matters.
  const context = await browser.newContext({ bypassCSP: true, viewport: SIZES.desktop, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => told.complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && !/40[0349]/.test(message.text()) && told.complaints.push(message.text()));
  page.on("request", (request) => {
    const at = request.url();
    if (!at.startsWith(given.origin) && !at.startsWith("data:")) told.foreign.push(at);
  });
  return page;
}

export async function look(page, name) {
  told.titles[name] = await page.title();
  told.headings[name] = await page.evaluate(() =>
    [...document.querySelectorAll("h1, h2, h3, h4")].filter((each) => each.checkVisibility()).map((each) => Number(each.localName[1])));
  await page.evaluate(axe);
  const before = await page.evaluate(() => {
    const closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((each) => (each.open = true));
    return closed.length;
  });
  for (const [size, viewport] of Object.entries(SIZES))
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      // What depends on neither size nor colour is looked at once.
      const rules = size === "desktop" && colorScheme === "light" ? undefined : ["color-contrast", "target-size", "link-in-text-block", "scrollable-region-focusable"];
      const { violations } = await page.evaluate((only) =>
        axe.run(document, { resultTypes: ["violations"], ...(only && { runOnly: only }) }), rules);
      for (const { id, impact, nodes } of violations)
        if (["serious", "critical"].includes(impact))
          told.axe.push(`${name}, ${size}, ${colorScheme}: ${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wider > 0) told.wider.push(`${name}, ${size}: ${wider} px`);
      if (process.env.TEND_SCREENSHOTS)
        await page.screenshot({ path: `${process.env.TEND_SCREENSHOTS}/${name}-${size}-${colorScheme}.png`, fullPage: true });
    }
  await page.evaluate((count) => [...document.querySelectorAll("details")].slice(0, count).forEach((each) => (each.open = false)), before);
  await page.setViewportSize(SIZES.desktop);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Stops of the tab key until one says `name`, from the top of the page. */
export async function tabTo(page, name) {
  for (let stops = 1; stops < 40; stops++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const here = document.activeElement;
      return [here.labels?.[0]?.textContent, here.textContent, here.getAttribute("aria-label")].filter(Boolean).map((text) => text.trim());
    });
    if (at.includes(name)) return stops;
  }
  throw new Error(`The tab key does not come to ${name}.`);
}
