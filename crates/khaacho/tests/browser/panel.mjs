// Visits the panel of a running demo as its operator and does the main things in it: node panel.mjs URL FOLDER
//
// Fails where a page is wider than the screen, where the browser complains, or where something that was done is not seen
// afterwards. What it saw is in FOLDER, for people to look at.
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
// How high the pages that people look at most may be on a phone, in pixels.
const longest = { 'risk': 3500, 'statement': 3500, 'lines': 6000, 'line': 3000 };
let failures = 0;
const fail = (text) => {
  console.error('FAILED', text);
  failures += 1;
};
const check = (holds, text) => holds || fail(text);

// A visitor's own browser window, with what it shows.
const open = async (width, scheme) => {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme });
  const page = await context.newPage();
  // A form that is shown again with what is wrong is no complaint.
  page.on('console', (message) => {
    const isComplaint = message.type() === 'error' && !message.text().includes('422');
    if (isComplaint) fail(`at ${width} on ${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => fail(`at ${width}: ${error}`));
  const shot = async (name) => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(wide <= 0, `${name} at ${width} is ${wide} px too wide`);
    const high = await page.evaluate(() => document.documentElement.scrollHeight);
    check(width > 360 || !longest[name] || high <= longest[name], `${name} at ${width} is ${high} px high`);
    await page.screenshot({ path: `${out}/${name}-${width}-${scheme}.png`, fullPage: true });
  };
  await page.goto(base + '/admin/lines');
  await shot('sign-in');
  await page.fill('#login', 'demo');
  await page.fill('#password', 'demo-surkhet');
  await page.click('main button[type=submit]');
  await page.waitForURL('**/admin/lines');
  return { context, page, shot };
};

// The addresses of one line on which something is owed, and of what hangs on it.
const places = async (page) => {
  await page.goto(base + '/admin/risk');
  await page.locator('a[href*="/admin/cycles/"]').first().click();
  await page.waitForURL('**/admin/cycles/*');
  const cycle = page.url();
  const line = base + await page.locator('main p a[href^="/admin/lines/"]').first().getAttribute('href');
  await page.goto(line);
  const retailer = base + await page.locator('a[href^="/admin/retailers/"]').last().getAttribute('href');
  return { cycle, line, retailer };
};

// The list of the first vendor: its page, and the vendor's id.
const list = async (page) => {
  await page.goto(base + '/admin/vendors');
  await page.locator('tbody th a').first().click();
  await page.waitForURL('**/admin/vendors/ven_*');
  const vendor = page.url().split('/').pop();
  await page.goto(base + '/admin/stock?vendor=' + vendor);
  return vendor;
};

const previewed = async (page, line, amount) => {
  await page.goto(line + '/payment');
  const answer = page.waitForResponse('**/payment/preview');
  await page.locator('#amount').pressSequentially(amount);
  await answer;
  await page.waitForSelector('#preview table');
};

const visit = async (width, scheme) => {
  const { context, page, shot } = await open(width, scheme);
  const { cycle, line, retailer } = await places(page);
  await shot('line');
  await previewed(page, line, '5000');
  await shot('payment');
  const all = {
    'lines': '/admin/lines', 'grant': '/admin/lines/new', 'statement': line + '/statement', 'history': line + '/history',
    'reservations': line + '/reservations', 'entries': line + '/entries', 'change': line + '/change', 'cycle': cycle,
    'adjust': cycle + '/adjust', 'promise': cycle + '/promise', 'dispute': cycle + '/dispute', 'close': cycle + '/close',
    'note': cycle + '/note', 'retailers': '/admin/retailers', 'retailer': retailer, 'evaluate': retailer + '/evaluate',
    'score': retailer + '/score', 'insights of one': retailer + '/insights', 'insights': '/admin/insights',
    'audit': retailer + '/audit', 'cap': retailer + '/cap', 'vendors': '/admin/vendors', 'payments': '/admin/payments',
    'claims': '/admin/claims', 'disputes': '/admin/disputes', 'risk': '/admin/risk', 'books': '/admin/books',
    'claim-form': line + '/claim', 'check': line.replace('/lines/', '/check?line='), 'orders': '/admin/orders',
    'products': '/admin/products', 'new-product': '/admin/products/new', 'new-retailer': '/admin/retailers/new',
    'new-vendor': '/admin/vendors/new', 'board': '/admin/board', 'stock-of-nobody': '/admin/stock', 'over-limit': '/admin/lines?over=yes', 'audit-all': '/admin/audit', 'queues': '/admin/queues', 'queue': '/admin/queues/whatsapp', 'hold-queue': '/admin/queues/whatsapp/pause', 'schedules': '/admin/schedules',
    'watch': '/admin/watch', 'rule': '/admin/watch/rules/CONSECUTIVE_DELAYS', 'what-if': '/admin/what-if?from=2026-01-01&to=2026-02-01', 'reminders': '/admin/reminders', 'reminder-settings': '/admin/reminders/settings',
  };
  for (const [name, place] of Object.entries(all)) {
    const answer = await page.goto(place.startsWith('http') ? place : base + place);
    check(answer.status() === 200, `${name} answers ${answer.status()}`);
    await shot(name);
  }
  await page.goto(base + '/admin/vendors');
  await page.locator('tbody th a').first().click();
  await page.waitForURL('**/admin/vendors/*');
  await shot('vendor');
  // A product of the catalogue, a vendor's list and one product of it, and what is done with an order.
  await page.goto(base + '/admin/products');
  await page.locator('tbody th a').first().click();
  await page.waitForURL('**/admin/products/prd_*');
  await shot('product');
  const stock = await list(page);
  await shot('stock');
  await page.locator('tbody th a').first().click();
  await page.waitForURL('**/admin/stock/ven_*/prd_*');
  await shot('sold');
  for (const [name, place] of Object.entries({ 'sell': '/new', 'upload': '/upload' })) {
    await page.goto(base + '/admin/stock/' + stock + place);
    await shot(name);
  }
  // Somebody writes, and what was said with them.
  await page.goto(base + '/admin/simulator');
  await page.fill('#text', '2 bora jeera masino');
  await page.locator('form[action="/admin/simulator/say"] button.main').click();
  await page.waitForURL('**/admin/simulator?as=*');
  await shot('simulator');
  await page.goto(base + '/admin/conversations');
  check(!(await page.innerText('main')).includes('not registered'), 'everyone of the demo has a name among the conversations');
  await shot('conversations');
  await page.locator('tbody th a').first().click();
  await page.waitForURL('**/admin/conversations/*');
  await shot('conversation');
  for (const deed of ['accept', 'reject', 'override', 'route', 'cancel', 'dispatch', 'deliver', 'ask']) {
    await page.goto(base + '/admin/orders?state=' + ({ dispatch: 'CONFIRMED', deliver: 'DISPATCHED', ask: 'DISPATCHED' }[deed] ?? 'OFFERED'));
    const order = page.locator('tbody th a').first();
    if (await order.count() === 0) continue;
    await order.click();
    await page.waitForURL('**/admin/orders/ord_*');
    if (deed === 'accept') await shot('order-offered');
    await page.locator(`main .actions a[href$="/${deed}"]`).click();
    await page.waitForURL('**/' + deed);
    await shot(deed);
  }
  await page.goto(base + '/admin/orders?state=DELIVERED');
  await page.locator('tbody tr', { hasText: 'on credit' }).first().locator('th a').click();
  await page.waitForURL('**/admin/orders/*');
  await shot('order');
  await page.locator('a[href^="/admin/reservations/"]').first().click();
  await page.waitForURL('**/admin/reservations/*');
  await shot('reservation');
  await page.click('.who form button[lang=ne]');
  check(await page.getAttribute('html', 'lang') === 'ne', 'the language did not change');
  const nepali = { 'board': '/admin/board', 'stock': '/admin/stock?vendor=' + stock, 'line': line, 'cycle': cycle, 'reminders': '/admin/reminders', 'risk': '/admin/risk', 'score': retailer + '/score', 'insights': '/admin/insights', 'retailer': retailer, 'adjust': cycle + '/adjust' };
  for (const [name, place] of Object.entries(nepali)) {
    await page.goto(place.startsWith('http') ? place : base + place);
    await shot(name + '-ne');
  }
  await page.goto(line + '/statement');
  await shot('statement-ne');
  await page.click('.who form button[lang=en]');
  await context.close();
};

// Fills in a form, sends it, and waits for the page that says it is done.
const send = async (page, address, fields, { sure = false } = {}) => {
  await page.goto(address);
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator('#' + name);
    if (await field.evaluate((element) => element.tagName) === 'SELECT') await field.selectOption(value);
    else await field.fill(value);
  }
  if (sure) {
    await page.click('main form.card button.main');
    check(await page.locator('#sure-error').count() === 1, `${address} asks for no tick`);
    await page.check('#sure');
  }
  await page.click('main form.card button.main');
  await page.waitForSelector('[role=status]', { timeout: 5000 }).catch(() => fail(`${address} was not done`));
};

const operate = async () => {
  const { context, page } = await open(360, 'light');
  const { cycle, line, retailer } = await places(page);
  const figure = async (address, place) => {
    await page.goto(address);
    return page.locator(`.figures dd`).nth(place).innerText();
  };
  const before = await figure(cycle, 0);
  await send(page, cycle + '/promise', { note: 'after the market' });
  await send(page, cycle + '/adjust', { kind: 'RETURN', amount: '1.00', reason: 'one packet was torn' }, { sure: true });
  check(await figure(cycle, 0) !== before, 'the adjustment is not seen');
  check((await page.innerText('main')).includes('one packet was torn'), 'the adjustment is not among the events');
  await send(page, cycle + '/dispute', { reason: 'wet rice' });
  await send(page, cycle + '/decide', { decision: 'rejected', reason: 'it was seen dry' }, { sure: true });
  await send(page, cycle + '/note', { note: 'calls on Fridays' });
  check((await page.innerText('main')).includes('calls on Fridays'), 'the note is not seen');

  await page.goto(line + '/payment');
  await page.fill('#amount', 'ten');
  await page.click('main form.card button.main');
  check(await page.getAttribute('#amount', 'aria-invalid') === 'true', 'a wrong amount is not marked');
  await previewed(page, line, '100');
  await page.click('main form.card button.main');
  await page.waitForURL('**done=payment&payment=*');
  await page.locator('a[href*="/admin/payments?"]').click();
  const payment = base + await page.locator('tbody tr', { hasText: 'Rs. 100.00' }).locator('a').last().getAttribute('href');
  await send(page, payment + '/reverse', { reason: 'typed twice' }, { sure: true });
  check((await page.innerText('main')).includes('typed twice'), 'the reversal is not seen');

  await page.goto(line + '/change');
  const other = await context.newPage();
  await send(other, line + '/change', { maxOverdueDays: '45', reason: 'agreed' });
  await page.fill('#limit', '123456');
  await page.fill('#reason', 'pays on time');
  await page.click('main form.card button.main');
  check((await page.innerText('main')).includes('Someone changed this'), 'a stale form is not told');
  await page.screenshot({ path: `${out}/stale-360-light.png`, fullPage: true });
  await page.click('main form.card button.main');
  await page.waitForURL('**done=change');
  await send(page, line + '/claim', { amount: '500', method: 'ESEWA', reference: 'SAID-1' });
  await page.goto(line.replace('/lines/', '/check?line='));
  await page.fill('#amount', '99,00,000');
  await page.click('main form.card button.main');
  await page.waitForSelector('[role=status]');
  check((await page.innerText('main')).includes('not enough credit is left'), 'the check gives no reason');
  await page.screenshot({ path: `${out}/checked-360-light.png`, fullPage: true });
  await send(page, base + '/admin/retailers/new', { name: 'Nawa Kirana', ownerName: 'Maya Thapa', phone: '+977 9800000009' });
  await send(page, base + '/admin/products/new', { name: 'Salt', nameNe: 'नुन', sku: 'SALT-1', unit: 'packet' });

  const vendor = await list(page);
  const item = base + await page.locator('tbody th a').first().getAttribute('href');
  await page.goto(item);
  const had = parseInt(await page.locator('.figures dd').first().innerText(), 10);
  await page.fill('#quantity', '5');
  await page.fill('#note', 'from Nepalgunj');
  await page.locator('form.card button.main').first().click();
  await page.waitForSelector('[role=status]');
  check(parseInt(await page.locator('.figures dd').first().innerText(), 10) === had + 5, 'what came in is not in store');
  check((await page.innerText('main')).includes('from Nepalgunj'), 'the move is not among the moves');
  await page.goto(base + '/admin/stock/' + vendor + '/upload');
  await page.fill('#rows', 'sku\tprice\tstock\nSALT-1\t1,250.00\t40\nTEA\tten\t1');
  await page.click('main form.card button.main');
  await page.waitForSelector('[role=status]');
  check((await page.innerText('main')).includes('is no amount'), 'a bad row is not named');
  await page.screenshot({ path: `${out}/uploaded-360-light.png`, fullPage: true });
  await page.goto(base + '/admin/stock?vendor=' + vendor);
  check((await page.innerText('main')).includes('Rs. 1,250.00'), 'the good row is not taken');
  await page.goto(base + '/admin/orders?state=OFFERED');
  const offered = page.locator('tbody th a').first();
  check(await offered.count() === 1, 'the demo has no order before a vendor');
  const order = base + await offered.getAttribute('href');
  await send(page, order + '/accept', {});
  await send(page, order + '/dispatch', {});
  await send(page, order + '/deliver', { reason: 'seen at the door' }, { sure: true });
  check((await page.innerText('main')).includes('delivered'), 'the delivery is not seen');

  await send(page, retailer + '/pause', { reason: 'overdue' });
  check((await page.innerText('main')).includes('paused'), 'the pause is not seen');
  await send(page, retailer + '/resume', { reason: 'paid' });
  await send(page, retailer + '/cap', { cap: '5,00,000', reason: 'agreed' });
  check((await page.innerText('main')).includes('Rs. 5,00,000.00'), 'the cap is not seen');
  await context.close();
};

for (const width of [1280, 360]) for (const scheme of ['light', 'dark']) await visit(width, scheme);
await operate();
await browser.close();
process.exit(failures ? 1 : 0);
