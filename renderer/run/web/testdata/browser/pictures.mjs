// Takes the pictures of the README from a page that is served: PAGE is its
// address, OUT the folder, MODULES and CHROMIUM as for play.mjs. It shows what
// is there; give it the demo of cmd/lab once a version waits or is broken.
import {createRequire} from "node:module";
import {statSync} from "node:fs";
import {join} from "node:path";

const {PAGE, OUT, MODULES, CHROMIUM} = process.env;
const {chromium} = createRequire(join(MODULES, "package.json"))("playwright-core");
const most = 150 * 1024;
const browser = await chromium.launch({executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"], timeout: 120000});
const context = await browser.newContext({viewport: {width: 1100, height: 700}, colorScheme: "light", reducedMotion: "reduce"});
context.setDefaultTimeout(120000);
const tab = await context.newPage();

// take shoots what a page shows in a window of its width, without what is below.
async function take(name, url) {
  if (url) await tab.goto(new URL(url, PAGE).href, {waitUntil: "load"});
  await tab.locator("h1").waitFor();
  const file = join(OUT, name + ".png");
  await tab.screenshot({path: file});
  const {size} = statSync(file);
  if (size > most) throw new Error(`${file} has ${size} bytes, more than ${most}`);
  console.log(`${file} ${size}`);
}

await tab.goto(PAGE, {waitUntil: "load"});
await take("fleet");
const rollout = await tab.locator("a[href*='/rollouts/']").first().getAttribute("href");
const stuck = tab.locator("main ul.plain a[href*='/tenants/']");
const tenants = tab.url() + "/tenants";
let tenant = await stuck.count() ? await stuck.first().getAttribute("href") : null;
if (!tenant) {
  await tab.goto(tenants, {waitUntil: "load"});
  tenant = await tab.locator("main a[href*='/tenants/']").first().getAttribute("href");
}
await take("tenant", tenant);
await take("rollout", rollout);
await browser.close();
