// Reports in a real browser: signed in, over clients, by links, on a phone, in the dark; axe looks at every page.
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { given } from "./network.mjs";

const axe = await readFile("node_modules/axe-core/axe.min.js", "utf8");
const browser = await chromium.launch({
  executablePath: process.env.TEND_CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const told = { complaints: [], foreign: [], axe: [], pages: {} };

async function open(options) {
  const context = await browser.newContext({ bypassCSP: true, ...options }); // axe is let in; the policy is asked for below
  await context.addCookies([{ name: given.cookie, value: given.token, url: given.origin }]);
  const page = await context.newPage();
  page.on("pageerror", (error) => told.complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && !/40[34]/.test(message.text()) && told.complaints.push(message.text()));
  page.on("request", (request) => {
    const at = request.url();
    if (!at.startsWith(given.origin) && !at.startsWith("data:")) told.foreign.push(at);
  });
  return page;
}

const picture = (page, name) =>
  process.env.TEND_SCREENSHOTS && page.screenshot({ path: `${process.env.TEND_SCREENSHOTS}/${name}.png`, fullPage: true });

async function look(page, name) {
  await picture(page, name);
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document));
  for (const { id, impact, nodes } of violations)
    if (["serious", "critical"].includes(impact)) told.axe.push(`${name}: ${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  told.pages[name] = { title: await page.title(), h1: await page.locator("h1").allTextContents(), wider };
}

for (const [size, width, scheme] of [["desktop", 1280, "light"], ["phone", 360, "dark"]]) {
  const page = await open({ colorScheme: scheme, viewport: { width, height: 800 } });
  await page.goto(`${given.origin}/signed-in`); // a stakeholder lands where the reports are
  told.landed = new URL(page.url()).pathname;
  await look(page, `list-${size}-${scheme}`);
  await page.getByRole("link", { name: given.first.client, exact: true }).click();
  told.switched = await page.locator("main h2").allTextContents();
  await page.getByRole("link", { name: given.first.report }).first().click();
  await page.waitForURL(/clientreport_/);
  await look(page, `report-${size}-${scheme}`);
  await page.goto(given.origin + given.link);
  await look(page, `password-${size}-${scheme}`);
  await page.getByLabel(/password/i).fill("not the password");
  await page.keyboard.press("Enter"); // without a mouse
  told.wrong = await page.getByRole("alert").textContent();
  await page.getByLabel(/password/i).fill(given.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 2 }).first().waitFor();
  await look(page, `shared-${size}-${scheme}`);
  await page.goto(given.origin + given.expired);
  await look(page, `expired-${size}-${scheme}`);
  await page.context().close();
}

// By keyboard alone: the first stop leads past the navigation.
const page = await open({ viewport: { width: 1280, height: 800 } });
const answer = await page.goto(`${given.origin}${given.first.path}`);
told.policy = answer.headers()["content-security-policy"];
await page.keyboard.press("Tab");
told.firstStop = await page.evaluate(() => document.activeElement.getAttribute("href"));
told.landmarks = await page.evaluate(() => [...document.querySelectorAll("body > *")].map((each) => each.localName));
told.scripts = await page.evaluate(() => document.scripts.length);
console.log(JSON.stringify(told));
await browser.close();
