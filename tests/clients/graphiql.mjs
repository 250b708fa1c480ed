// GraphiQL in a real browser: signs in, chooses a client in the bar of scopes, asks, and listens. What the page loads
// from unpkg.com is given from the same packages of npm, so that the page's own checksums are checked as well.
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { chromium } from "playwright-core";
import { given, headers } from "./network.mjs";

const browser = await chromium.launch({
  executablePath: process.env.TEND_CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));
await page.route("https://unpkg.com/**", async (route) => {
  const path = new URL(route.request().url()).pathname.replace(/^\/((?:@[^/]+\/)?[^@/]+)@[^/]+/, "node_modules/$1");
  const contentType = { ".js": "text/javascript", ".css": "text/css" }[extname(path)];
  await route.fulfill({ body: await readFile(path), contentType, headers: { "Access-Control-Allow-Origin": "*" } });
});

const answer = () => page.evaluate(() => document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue() ?? "");
async function ask(query, until) {
  await page.evaluate((text) => document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.setValue(text), query);
  await page.click(".graphiql-execute-button");
  await page.waitForFunction(
    (wanted) => document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue().includes(wanted), until);
  return JSON.parse(await answer());
}

await page.goto(`${new URL(given.url).origin}/dev/sign-in?token=${given.token}`);
await page.waitForFunction((id) => [...document.getElementById("workspace").options].some((each) => each.value === id), given.workspace);
await page.waitForSelector(".graphiql-execute-button");
const clients = "{ workspaces(first: 100) { nodes { id } } }";
const all = await ask(clients, given.workspace);
await page.selectOption("#workspace", given.workspace);
const one = await ask(`# narrowed\n${clients}`, given.workspace);

const listening = page.waitForResponse((each) => each.headers()["content-type"]?.startsWith("text/event-stream"));
const heard = ask("subscription { caseChanged { id state } }", "IN_REVIEW");
await listening;
const claim = { query: "mutation { claimNextCase(input: {}) { case { id } } }" };
await new Promise((resolve) => setTimeout(resolve, 500));
await fetch(given.url, {
  method: "POST",
  body: JSON.stringify(claim),
  headers: { ...headers, "Content-Type": "application/json", "X-Workspace-Id": given.workspace },
});
const told = await heard;

console.log(JSON.stringify({
  all: all.data.workspaces.nodes.length > 1,
  one: one.data.workspaces.nodes,
  told: told.data.caseChanged,
  cost: await page.textContent("#cost"),
  complaints,
}));
await browser.close();
