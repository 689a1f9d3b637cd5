// Bundles the page, the worker that decodes frames, and the WebAssembly decoder for JPEG-LS beside it.
import { build } from 'esbuild'
import { copyFileSync, mkdirSync } from 'node:fs'

const loader = 'node_modules/@cornerstonejs/dicom-image-loader/dist/esm'
const settings = {
  bundle: true, format: 'esm', minify: true, logLevel: 'error', external: ['fs', 'path'],
  define: { global: 'globalThis' }
}
await build({ ...settings, entryPoints: ['page.js'], outfile: 'dist/page.js' })
await build({
  ...settings, entryPoints: [`${loader}/decodeImageFrameWorker.js`], outfile: 'dist/decodeImageFrameWorker.js'
})
// The worker asks for its decoders by the names of their packages, below its own address.
mkdirSync('dist/@cornerstonejs/codec-charls', { recursive: true })
copyFileSync(
  'node_modules/@cornerstonejs/codec-charls/dist/charlswasm_decode.wasm',
  'dist/@cornerstonejs/codec-charls/decodewasm'
)
