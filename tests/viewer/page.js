// Opens one film and its SEG as a viewer would: searches by QIDO-RS, reads metadata and frames by WADO-RS.
// The frames of the SEG are laid over the film by hand: @cornerstonejs/adapters wants an Image Orientation
// (Patient), which projection radiographs do not have.
import { Enums, RenderingEngine, imageLoader, init as initCore } from '@cornerstonejs/core'
import { init as initLoader, wadors } from '@cornerstonejs/dicom-image-loader'
import { Enums as ToolEnums, init as initTools, segmentation } from '@cornerstonejs/tools'

const SEGMENTATION = '1.2.840.10008.5.1.4.1.1.66.4'
const TAGS = { modality: '00080060', sopClass: '00080016', address: '00081190', frames: '00280008' }
const asked = new URLSearchParams(location.search)
const root = asked.get('dicomweb')
const headers = asked.has('token') ? { Authorization: `Bearer ${asked.get('token')}` } : {}

const value = (model, tag) => model[tag]?.Value?.[0]

async function search (path) {
  const answer = await fetch(`${root}${path}`, { headers: { ...headers, Accept: 'application/dicom+json' } })
  return answer.status === 204 ? [] : answer.json()
}

async function metadata (address) {
  const answer = await fetch(`${address}/metadata`, { headers: { ...headers, Accept: 'application/dicom+json' } })
  return (await answer.json())[0]
}

// One part of multipart/related, by the length of what stands around it.
async function frame (address, number) {
  const accept = 'multipart/related; type="application/octet-stream"'
  const answer = await fetch(`${address}/frames/${number}`, { headers: { ...headers, Accept: accept } })
  const body = new Uint8Array(await answer.arrayBuffer())
  const boundary = /boundary=([^;]+)/.exec(answer.headers.get('content-type'))[1]
  const text = new TextDecoder('latin1').decode(body)
  const start = text.indexOf('\r\n\r\n') + 4
  return body.subarray(start, text.lastIndexOf(`\r\n--${boundary}`))
}

async function show () {
  initCore({ rendering: { useCPURendering: false } })
  initLoader({ maxWebWorkers: 1, beforeSend: () => headers })
  initTools()
  const study = asked.get('study')
  const instances = await search(`/studies/${study}/instances`)
  const film = instances.find(each => ['CR', 'DX'].includes(value(each, TAGS.modality)))
  const seg = instances.find(each => value(each, TAGS.sopClass) === SEGMENTATION)

  const imageId = `wadors:${value(film, TAGS.address)}/frames/1`
  wadors.metaDataManager.add(imageId, await metadata(value(film, TAGS.address)))
  const engine = new RenderingEngine('engine')
  engine.enableElement({
    viewportId: 'film', type: Enums.ViewportType.STACK, element: document.getElementById('film')
  })
  const viewport = engine.getViewport('film')
  await viewport.setStack([imageId])
  viewport.render()

  const [labelmap] = imageLoader.createAndCacheDerivedLabelmapImages([imageId])
  const labels = labelmap.getPixelData()
  const segMetadata = await metadata(value(seg, TAGS.address))
  const frames = value(segMetadata, TAGS.frames)
  const counts = []
  for (let number = 1; number <= frames; number++) {
    const bits = await frame(value(seg, TAGS.address), number)
    let count = 0
    for (let at = 0; at < labels.length; at++) {
      if (bits[at >> 3] >> (at & 7) & 1) { labels[at] = number; count++ }
    }
    counts.push(count)
  }
  labelmap.voxelManager?.setCompleteScalarDataArray?.(labels)
  segmentation.addSegmentations([{
    segmentationId: 'lungs',
    representation: { type: ToolEnums.SegmentationRepresentations.Labelmap, data: { imageIds: [labelmap.imageId] } }
  }])
  await segmentation.addLabelmapRepresentationToViewport('film', [{ segmentationId: 'lungs' }])
  engine.render()
  const image = viewport.getCornerstoneImage()
  return { rows: image.rows, columns: image.columns, frames, counts, instances: instances.length }
}

show().then(
  shown => { window.shown = shown },
  error => { window.shown = { error: `${error?.stack ?? error}` } }
)
