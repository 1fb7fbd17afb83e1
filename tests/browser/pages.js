// HTML reports in a real browser: nothing is fetched, nothing complains, nothing is wider than the
// window, every link leads somewhere, axe-core has nothing to say, and a run's figures are those of
// its JSON.
//
//     node pages.js CHROMIUM DIRECTORY [SCREENSHOTS]
//
// Looks at every .html in the directory, in light and dark, on a small and a wide screen. One that
// has a .json of the same name is a run, and compared with it. Screenshots are for people.
const fs = require("fs");
const path = require("path");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [executablePath, directory, screenshots] = process.argv.slice(2);
const widths = [380, 1400];
const schemes = ["light", "dark"];
let failures = 0;

function expect(holds, what) {
  if (holds) return;
  failures++;
  console.error(what);
}

// Runs in the page.
function brokenAnchors() {
  return [...document.querySelectorAll('a[href^="#"]')]
    .map((a) => a.getAttribute("href"))
    .filter((href) => !document.getElementById(href.slice(1)));
}

function cells(selector) {
  return [...document.querySelectorAll(`${selector} tbody tr`)].map((row) =>
    [...row.children].map((cell) => cell.textContent));
}

// The figures of the first table, beside those that run.json has.
async function compareWithJson(page, file, name) {
  const run = JSON.parse(fs.readFileSync(file, "utf8"));
  const rows = await page.evaluate(cells, "#strategies");

  expect(rows.length === run.strategies.length, `${name}: ${rows.length} strategies`);
  run.strategies.forEach((strategy, i) => {
    const row = rows[i] || [];
    const wanted = [strategy.name, `${strategy.census.harm} of ${strategy.census.points}`,
      `${strategy.commands}`, `${strategy.round_trips}`];

    if (run.strategies.some((s) => s.kills.requested)) wanted.push(`${strategy.kills.valid}`);
    for (const text of wanted)
      expect(row.includes(text), `${name}: '${text}' of run.json is not in ${row.join(" | ")}`);
  });
  expect((await page.textContent(".verdict")).endsWith(run.verdict_line),
    `${name}: the verdict is not ${run.verdict_line}`);
}

// Every link of the page's contents.
async function follow(page, name) {
  const lost = await page.evaluate(() =>
    [...document.querySelectorAll("nav a")].filter((a) => {
      location.hash = a.getAttribute("href");
      return document.querySelector(":target") === null;
    }).map((a) => a.getAttribute("href")));

  expect(lost.length === 0, `${name}: ${lost} lead nowhere`);
}

async function expectToFit(page, name) {
  expect(await page.evaluate(() =>
    document.documentElement.scrollWidth <= document.documentElement.clientWidth),
  `${name}: the page is wider than the window`);
}

async function askAxe(page, name) {
  await page.evaluate(axe);
  for (const violation of (await page.evaluate(() => axe.run())).violations)
    expect(false, `${name}: ${violation.id}: ${violation.help}\n${
      violation.nodes.slice(0, 3).map((node) => "    " + node.html.slice(0, 200)).join("\n")}`);
}

async function look(browser, file, colorScheme) {
  const context = await browser.newContext({ colorScheme });
  const page = await context.newPage();
  const title = `${path.basename(file)}, ${colorScheme}`;

  page.on("console", (message) => expect(false, `${title}: the browser says: ${message.text()}`));
  page.on("pageerror", (error) => expect(false, `${title}: ${error}`));
  page.on("request", (request) => expect(/^(file|data):/.test(request.url()),
    `${title}: it asks for ${request.url()}`));
  await page.goto(`file://${path.resolve(file)}`);
  if (fs.existsSync(file.replace(/html$/, "json")))
    await compareWithJson(page, file.replace(/html$/, "json"), title);
  expect((await page.evaluate(brokenAnchors)).length === 0, `${title}: links lead nowhere`);
  for (const width of widths) {
    const name = `${title}, ${width} px`;

    await page.setViewportSize({ width, height: 900 });
    await expectToFit(page, name);
    await follow(page, name);
    if (screenshots)
      await page.screenshot({ fullPage: true,
        path: path.join(screenshots, `${path.basename(file, ".html")}-${colorScheme}-${width}.png`) });
  }
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    await expectToFit(page, `${title}, ${width} px, opened`);
  }
  await askAxe(page, title);
  await context.close();
}

async function main() {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const files = fs.readdirSync(directory).filter((file) => file.endsWith(".html"));

  expect(files.length > 0, `${directory}: there are no pages`);
  for (const file of files)
    for (const scheme of schemes)
      await look(browser, path.join(directory, file), scheme);
  await browser.close();
  process.exit(failures ? 1 : 0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
