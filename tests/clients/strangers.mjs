// Whoever has no account, in a real browser: reports by keyboard, reads what came of it, appeals, looks up what was published.
import { browser, look, open, tabTo, told } from "./browsing.mjs";
import { given } from "./network.mjs";

const page = await open();
await page.goto(given.origin + given.form);
await look(page, "form");
await page.evaluate(() => (document.forms[0].noValidate = true)); // what the browser would say, Tend has to say as well
await page.getByRole("button", { name: "Send the report" }).click();
told.problem = await page.getByRole("alert").textContent();
await look(page, "form-with-problems");
await page.goto(given.origin + given.form);
await tabTo(page, "It breaks the rules of the community");
await page.keyboard.press("Space");
await page.getByLabel("Where is it?").fill("https://forum.example/t/1");
await page.getByLabel("What is wrong with it?").fill("It is rude.");
await tabTo(page, "Send the report");
await page.keyboard.press("Enter");
await page.waitForURL(/thanks/);
await look(page, "thanks");
await page.goto(given.origin + new URL(await page.locator("main a[target]").getAttribute("href")).pathname);
await look(page, "own-report");

await page.goto(given.origin + given.statement);
await look(page, "statement");
await page.locator("textarea").fill("It was a joke.");
await page.locator("form button").click();
await page.waitForLoadState();
told.appealed = await page.locator("blockquote").allTextContents();
await look(page, "appealed");
await page.goto(given.origin + given.transparency);
await look(page, "transparency");
await page.goto(`${given.origin}/statement/x`);
await look(page, "nothing");
console.log(JSON.stringify(told));
await browser.close();
