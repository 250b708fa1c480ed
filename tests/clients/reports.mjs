// A stakeholder in a real browser: signs in by the link of a mail, reads, prints; and somebody who has a link and no account.
import { readFile } from "node:fs/promises";
import { browser, look, open, tabTo, told } from "./browsing.mjs";
import { given } from "./network.mjs";

const page = await open();
await page.goto(`${given.origin}/client-reports`); // who is not signed in is asked to be
await look(page, "sign-in");
await page.getByLabel("Your e-mail address").fill(given.email);
await page.keyboard.press("Enter");
await page.getByText(given.email).waitFor();
await look(page, "mailed");
let link;
for (const began = Date.now(); !link && Date.now() - began < 10_000; )
  link = await readFile(given.letterbox, "utf8").catch(() => new Promise((later) => setTimeout(later, 20)));
await page.goto(given.origin + link);
told.landed = new URL(page.url()).pathname;
await look(page, "list");
await page.getByRole("link", { name: given.other, exact: true }).click();
told.switched = await page.locator("main h2").allTextContents();
await page.getByRole("link", { name: given.client, exact: true }).click();

// By keyboard alone, and into the report.
await tabTo(page, given.report);
await page.keyboard.press("Enter");
await page.waitForURL(/clientreport_/);
await page.keyboard.press("Tab");
told.firstStop = await page.evaluate(() => document.activeElement.getAttribute("href"));
await page.keyboard.press("Enter");
told.firstStopLeadsTo = await page.evaluate(() => location.hash);
await tabTo(page, given.summary);
await page.keyboard.press("Enter");
told.opened = await page.locator("details[open] summary").first().textContent();
told.landmarks = await page.evaluate(() => [...document.querySelectorAll("body > *")].map((each) => each.localName));
told.scripts = await page.evaluate(() => document.scripts.length);
told.policy = (await page.reload()).headers()["content-security-policy"];
await look(page, "report");
told.pictures = await page.locator(".chart svg").count();
await page.emulateMedia({ media: "print" });
told.printed = await page.evaluate(() => ({
  navigation: document.querySelector("nav.clients").checkVisibility(),
  details: [...document.querySelectorAll("section > details > dl, section > details > table")].every((each) => each.getBoundingClientRect().height > 0),
}));
told.sheets = (await page.pdf({ format: "A4" })).length;
await page.emulateMedia({ media: null });
const saved = page.waitForEvent("download");
await page.getByRole("link", { name: /^PDF/ }).click();
told.file = (await saved).suggestedFilename();
await page.goto(`${given.origin}/client-reports/${given.missing}`);
await look(page, "nothing");
await page.goto(`${given.origin}/client-reports`);
await page.getByRole("button", { name: "Sign out" }).click();
await page.goto(`${given.origin}/client-reports`);
told.signedOut = new URL(page.url()).pathname;
await page.context().close();

const guest = await open();
await guest.goto(given.origin + given.link);
await look(guest, "password");
await guest.getByLabel("Password").fill("not the password");
await guest.keyboard.press("Enter");
told.wrong = await guest.getByRole("alert").textContent();
await look(guest, "wrong");
await guest.getByLabel("Password").fill(given.password);
await guest.keyboard.press("Enter");
await guest.getByRole("heading", { level: 2 }).first().waitFor();
told.shared = await guest.getByRole("navigation").count();
await look(guest, "shared");
for (const name of ["expired", "revoked"]) {
  told[name] = (await guest.goto(given.origin + given[name])).status();
  await look(guest, name);
}
await guest.context().close();
console.log(JSON.stringify(told));
await browser.close();
