// Plays a person at the page in a real browser. The Go test that starts it
// gives addresses and folders by the environment, and reads one line for each
// check: "ok NAME" or "not ok NAME: why". ONLY names some of them, for who mends one.
import {createRequire} from "node:module";
import {mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";

const {PAGE, LARGE, CLOSED, CONTROL, MODULES, CHROMIUM, SHOTS, BOXES, UPDATE, ONLY} = process.env;
const require = createRequire(join(MODULES, "package.json"));
const {chromium} = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const home = PAGE + "/environments/pop";
const pages = {
  fleet: home,
  stuck: home + "/tenants?code=ring-before",
  search: home + "/tenants?q=script",
  tenant: home + "/tenants/1000001",
  rollout: home + "/rollouts/swg/203",
  nobody: home + "/tenants/4711",
};
const control = what => fetch(CONTROL + "/" + what, {method: "POST"});
const browser = await chromium.launch({executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"], timeout: 120000});
const want = (what, holds) => { if (!holds) throw new Error(what); };

// visit opens a page, and remembers what no page may do. Before it comes, meet
// may say what requests meet on their way.
async function visit(url, options = {}, meet = async () => {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  context.setDefaultTimeout(120000); // a machine may be slow
  const tab = await context.newPage();
  tab.sins = [];
  tab.on("pageerror", e => tab.sins.push("script failed: " + e.message));
  tab.on("dialog", d => { tab.sins.push("dialog " + d.message()); d.dismiss(); });
  tab.on("console", m => { if (/Content Security Policy/.test(m.text())) tab.sins.push(m.text()); });
  tab.on("request", r => { if (!r.url().startsWith(new URL(url).origin)) tab.sins.push("asked " + r.url()); });
  await meet(tab);
  await tab.goto(url, {waitUntil: "load"});
  return tab;
}

async function leave(tab) {
  const sins = tab.sins;
  await tab.context().close();
  want(sins.join("; "), sins.length === 0);
}

const checks = {
  async withoutJavaScript() {
    const tab = await visit(home, {javaScriptEnabled: false});
    want("no verdict", await tab.locator("h1").innerText() === "swg 203 halts in ring early.");
    await tab.getByLabel("Tenant", {exact: true}).fill("1000001");
    await tab.getByRole("button", {name: "Search"}).click();
    await tab.getByRole("link", {name: "1000001"}).click();
    want("no chain", (await tab.locator("ol.chain").innerText()).includes("ring early wants swg 203"));
    want("a copy button that can do nothing", await tab.locator("button[data-copy]:visible").count() === 0);
    await leave(tab);
  },

  async hostileNames() {
    for (const url of Object.values(pages)) {
      const tab = await visit(url);
      await tab.waitForTimeout(100);
      want(`${url} is owned`, await tab.title() !== "owned");
      want(`${url} has an element that was a name`, await tab.locator("img, main script, svg script").count() === 0);
      await leave(tab);
    }
  },

  async live() {
    const tab = await visit(home);
    await tab.locator("body[data-live=yes]").waitFor();
    await tab.evaluate(() => { window.kept = true; });
    await tab.getByRole("searchbox").fill("half a na");
    await control("pass");
    await tab.getByText("swg 203 passed ring early.").waitFor();
    want("the page was loaded anew", await tab.evaluate(() => window.kept));
    want("what was being typed is gone", await tab.getByRole("searchbox").inputValue() === "half a na");
    want("the search has lost the focus", await tab.evaluate(() => document.activeElement.id === "q"));
    await leave(tab);
  },

  async reconnects() {
    const tab = await visit(home);
    await tab.locator("body[data-live=yes]").waitFor();
    await control("down");
    await tab.locator("#stale").waitFor({state: "visible"});
    await control("halt"); // while nobody hears it
    await control("up");
    await tab.getByText("swg 203 halts in ring early.").waitFor();
    await tab.locator("#stale").waitFor({state: "hidden"});
    await leave(tab);
  },

  async slowScripts() {
    const late = async route => { await new Promise(done => setTimeout(done, 3000)); await route.continue(); }; // with less a loaded machine shows no difference
    for (const script of ["page.js", "htmx.min.js", "hx-sse.min.js"]) {
      const tab = await visit(home, {}, tab => tab.route(`**/assets/${script}?*`, late));
      await tab.locator("body[data-live=yes]").waitFor();
      await leave(tab);
    }
  },

  async firstConnectionFails() {
    for (const fail of [route => route.fulfill({status: 503, body: "away"}), route => route.abort()]) {
      const tab = await visit(home, {}, tab => tab.route("**/live?*", fail));
      await tab.locator("#stale").waitFor({state: "visible"});
      await tab.unroute("**/live?*");
      await tab.locator("body[data-live=yes]").waitFor();
      await leave(tab);
    }
  },

  async pageFails() {
    const tab = await visit(home);
    await tab.locator("body[data-live=yes]").waitFor();
    await tab.route(home, route => route.fulfill({status: 503, contentType: "text/html", body: "<main id=view>away</main>"}));
    await control("pass");
    await tab.locator("#stale").waitFor({state: "visible"});
    want("a failure is shown in place of the page", await tab.locator("h1").count() === 1);
    await tab.unroute(home);
    await control("halt");
    await tab.getByText("swg 203 halts in ring early.").waitFor();
    await tab.locator("#stale").waitFor({state: "hidden"});
    await leave(tab);
  },

  async keyboard() {
    const tab = await visit(home);
    await tab.keyboard.press("Tab");
    want("no way past the head", await tab.evaluate(() => document.activeElement.className === "skip"));
    await tab.keyboard.press("Enter");
    want("the content has no focus", await tab.evaluate(() => document.activeElement.id === "view" || location.hash === "#view"));
    for (let i = 0; i < 30 && !await tab.evaluate(() => document.activeElement.id === "q"); i++) await tab.keyboard.press("Shift+Tab");
    await tab.keyboard.type("1000001");
    await tab.keyboard.press("Enter");
    await tab.waitForURL(/q=1000001/);
    for (let i = 0; i < 30 && !await tab.evaluate(() => document.activeElement.textContent === "1000001"); i++) {
      await tab.keyboard.press("Tab");
      want("focus is not seen", await tab.evaluate(() => document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== "none"));
    }
    await tab.keyboard.press("Enter");
    await tab.waitForURL(/tenants\/1000001/);
    await leave(tab);
  },

  async copies() {
    const tab = await visit(pages.rollout, {permissions: ["clipboard-read", "clipboard-write"]});
    await tab.locator("body[data-live]").waitFor();
    const first = tab.locator(".command").first();
    await first.getByRole("button").click();
    await first.getByText("copied").waitFor();
    want("another text was copied", await tab.evaluate(() => navigator.clipboard.readText()) === await first.locator("code").innerText());
    await leave(tab);
  },

  async axe() {
    for (const [name, url] of Object.entries(pages)) {
      const tab = await visit(url, {bypassCSP: true});
      await tab.evaluate(axe);
      await tab.evaluate(() => document.querySelectorAll("details").forEach(d => { d.open = true; }));
      for (const colorScheme of ["light", "dark"]) {
        await tab.emulateMedia({colorScheme});
        const {violations} = await tab.evaluate(() => window.axe.run());
        want(`${name}, ${colorScheme}: ` + violations.map(v => `${v.id} (${v.nodes[0].html.slice(0, 120)}; ${v.nodes[0].failureSummary})`).join("; "), violations.length === 0);
      }
      await tab.context().close();
    }
  },

  // A zoom of 400 % on 1280 pixels is a page of 320.
  async widths() {
    for (const [name, url] of Object.entries(pages)) {
      const tab = await visit(url);
      for (const width of [320, 360, 640, 1280, 1600]) {
        await tab.setViewportSize({width, height: 800});
        const over = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        want(`${name} is ${over} pixels wider than ${width}`, over <= 0);
      }
      await leave(tab);
    }
  },

  async print() {
    const tab = await visit(home);
    await tab.emulateMedia({media: "print"});
    want("the search is printed", !await tab.locator("form").isVisible());
    want("the verdict is not printed", await tab.locator("h1").isVisible());
    const pdf = await tab.pdf({format: "A4"});
    want("nothing is printed", pdf.length > 1000);
    await leave(tab);
  },

  async rights() {
    const nobody = await browser.newContext();
    const answer = await (await nobody.request.get(CLOSED + "/environments/pop")).text();
    want("let in without a token", answer.includes("Give a token") && !answer.includes("halts"));
    await nobody.close();
    const intern = await visit(CLOSED + "/environments/pop", {httpCredentials: {username: "", password: "intern"}});
    want("let in without the right", (await intern.content()).includes("You may see no environment"));
    await intern.context().close();
    const sre = await visit(CLOSED + "/environments/pop", {httpCredentials: {username: "", password: "sre"}});
    await sre.locator("h1").waitFor();
    await sre.locator("body[data-live=yes]").waitFor(); // the stream takes the same token
    await leave(sre);
  },

  // How long the server takes is a figure of make bench: dashboard-10k-ms.
  async tenThousand() {
    const tab = await visit(LARGE + "/environments/pop/tenants/4711");
    const answer = await tab.goto(LARGE + "/environments/pop", {waitUntil: "domcontentloaded"});
    const size = (await answer.body()).length;
    want(`the first page has ${size} bytes`, size <= 200 * 1024);
    await tab.goto(LARGE + "/environments/pop/tenants?q=1009999", {waitUntil: "domcontentloaded"});
    want("the last tenant is not found", await tab.getByRole("link", {name: "1009999"}).count() === 1);
    await tab.context().close();
  },

  // Where things are, as far as letters of other machines leave it the same:
  // left edges and widths, and the order from top to bottom.
  async layout() {
    const boxes = {};
    mkdirSync(SHOTS, {recursive: true});
    for (const [name, url] of Object.entries(pages)) {
      const tab = await visit(url);
      for (const width of [1280, 360]) {
        await tab.setViewportSize({width, height: 900});
        await tab.screenshot({path: join(SHOTS, `${name}-${width}.png`), fullPage: true});
        boxes[`${name}-${width}`] = await tab.evaluate(() => [...document.querySelectorAll("header, main, h1, h2, .wide")].map(e => {
          const b = e.getBoundingClientRect();
          return {what: e.tagName.toLowerCase(), left: Math.round(b.left), width: Math.round(b.width), top: Math.round(b.top)};
        }));
      }
      await leave(tab);
    }
    if (UPDATE) writeFileSync(BOXES, JSON.stringify(boxes, (k, v) => k === "top" ? undefined : v).replace(/],/g, "],\n") + "\n");
    const old = JSON.parse(readFileSync(BOXES, "utf8"));
    for (const [page, now] of Object.entries(boxes)) {
      const was = old[page] ?? [];
      want(`${page} has ${now.map(b => b.what)}, had ${was.map(b => b.what)}`, now.map(b => b.what).join() === was.map(b => b.what).join());
      now.forEach((b, i) => {
        want(`${page}: ${b.what} ${i} is at ${b.left}, ${b.width} wide, was at ${was[i].left}, ${was[i].width} wide`, Math.abs(b.left - was[i].left) < 24 && Math.abs(b.width - was[i].width) < 24);
        want(`${page}: ${b.what} ${i} is above what is before it`, i === 0 || b.top >= now[i - 1].top);
      });
    }
  },
};

for (const [name, check] of Object.entries(checks)) {
  if (ONLY && !ONLY.split(",").includes(name)) continue;
  try {
    await check();
    console.log("ok " + name);
  } catch (e) {
    console.log("not ok " + name + ": " + e.message.replaceAll("\n", " ").slice(0, 2000));
  }
}
await browser.close();
