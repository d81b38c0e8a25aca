// Visits the panel of a running demo as its operator, wide and narrow, light and dark: node panel.mjs URL FOLDER
//
// Fails where a page is wider than the screen, or the browser complains. What it saw is in FOLDER, for people to look at.
import { chromium } from 'playwright-core';
import fs from 'node:fs';

const [base, out] = process.argv.slice(2);
fs.mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});
let failures = 0;
const fail = (text) => {
  console.error('FAILED', text);
  failures += 1;
};
for (const [width, scheme] of [[1280, 'light'], [360, 'light'], [360, 'dark']]) {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme });
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && fail(`at ${width}: ${message.text()}`));
  page.on('pageerror', (error) => fail(`at ${width}: ${error}`));
  const shot = async (name) => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) fail(`${name} at ${width} is ${wide} px too wide`);
    await page.screenshot({ path: `${out}/${name}-${width}-${scheme}.png`, fullPage: true });
  };
  await page.goto(base + '/admin/lines');
  await shot('sign-in');
  await page.fill('#login', 'demo');
  await page.fill('#password', 'demo-surkhet');
  await page.click('main button[type=submit]');
  await page.waitForURL('**/admin/lines');
  await shot('lines');
  await page.click('tbody tr:nth-child(1) th a');
  await page.waitForURL('**/admin/lines/*');
  const line = page.url();
  await shot('line');
  await page.goto(line + '/payment');
  const answer = page.waitForResponse('**/payment/preview');
  await page.locator('#amount').pressSequentially('5000');
  await answer;
  await page.waitForSelector('#preview table');
  await shot('payment');
  await page.goto(line + '/change');
  await shot('change');
  await page.goto(base + '/admin/retailers');
  await shot('retailers');
  await page.goto(base + '/admin/risk');
  await shot('risk');
  if (width === 360 && scheme === 'light') {
    await page.click('.who form button[lang=ne]');
    if (await page.getAttribute('html', 'lang') !== 'ne') fail('the language did not change');
    await page.goto(line);
    await shot('line-ne');
    await page.click('.who form button[lang=en]');
  }
  await context.close();
}
await browser.close();
process.exit(failures ? 1 : 0);
