// Opens the page in headless Chromium and keeps a picture of it:
//   node shot.mjs CHROMIUM FOLDER-URL QUERY PICTURE
// Prints what the page reports, as JSON.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import puppeteer from 'puppeteer-core'

const [chromium, query, picture] = process.argv.slice(2)
const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' }
const server = createServer(async (request, answer) => {
  const path = normalize(new URL(request.url, 'http://localhost').pathname)
  try {
    const body = await readFile(join(import.meta.dirname, path))
    const type = path.endsWith('decodewasm') ? 'application/wasm' : types[extname(path)]
    answer.writeHead(200, { 'Content-Type': type ?? 'application/octet-stream' }).end(body)
  } catch {
    answer.writeHead(404).end()
  }
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']
})
try {
  const page = await browser.newPage()
  await page.setViewport({ width: 700, height: 800 })
  const told = []
  page.on('console', message => told.push(message.text()))
  page.on('pageerror', error => told.push(`${error}`))
  page.on('requestfailed', request => told.push(`failed: ${request.url()}`))
  await page.goto(`http://127.0.0.1:${server.address().port}/index.html?${query}`)
  await page.waitForFunction('window.shown', { timeout: 60000 })
  await new Promise(resolve => setTimeout(resolve, 1500))
  await page.screenshot({ path: picture, ...(picture.endsWith('.jpg') ? { type: 'jpeg', quality: 80 } : {}) })
  console.log(JSON.stringify({ ...(await page.evaluate('window.shown')), told }))
} finally {
  await browser.close()
  server.close()
}
