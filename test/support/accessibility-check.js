/**
 * Runs in the page, without the program axe: texts with too little contrast (WCAG 1.4.3), controls without a name (4.1.2), ids that are
 * there twice, focusable elements that are hidden from screen readers, and tables with empty heads. Its value is a list of sentences.
 */
;(() => {
  const found = []
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
  const describe = (element) =>
    `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ''}.${element.getAttribute('class') ?? ''} "${(element.textContent ?? '').trim().slice(0, 40)}"`

  const canvas = document.createElement('canvas')
  canvas.width = 1
  canvas.height = 1
  const pen = canvas.getContext('2d', { willReadFrequently: true })
  /** The octets of any CSS colour over another one. */
  const painted = (colour, over) => {
    pen.clearRect(0, 0, 1, 1)
    for (const each of [over, colour]) {
      pen.fillStyle = each
      pen.fillRect(0, 0, 1, 1)
    }
    const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data
    return `rgb(${red}, ${green}, ${blue})`
  }
  const backgroundOf = (element) => {
    const chain = []
    for (let each = element; each !== null; each = each.parentElement) chain.push(getComputedStyle(each).backgroundColor)
    return chain.reverse().reduce((below, colour) => painted(colour, below), 'rgb(255, 255, 255)')
  }
  const luminance = (colour) => {
    const [red, green, blue] = colour
      .match(/\d+/g)
      .map((octet) => Number(octet) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
    return (light + 0.05) / (dark + 0.05)
  }

  for (const element of document.body.querySelectorAll('*')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.nodeValue.trim() !== '')
    if (!hasText || !isShown(element) || element.closest('svg, :disabled, noscript, [aria-hidden=true]')) continue
    const style = getComputedStyle(element)
    const background = backgroundOf(element)
    const ratio = contrast(painted(style.color, background), background)
    const size = Number.parseFloat(style.fontSize)
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: ${describe(element)}`)
  }

  for (const control of document.querySelectorAll('a, button, input, select, summary, [role=button], [tabindex]')) {
    if (!isShown(control)) continue
    if (control.closest('[aria-hidden=true]')) found.push(`focusable, but hidden from screen readers: ${describe(control)}`)
    const labels = [...(control.labels ?? [])].map((label) => label.textContent).join('')
    const name = (control.getAttribute('aria-label') ?? '') + labels + (control.textContent ?? '')
    if (name.trim() === '') found.push(`no name: ${describe(control)}`)
  }

  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  for (const id of new Set(ids.filter((each, i) => ids.indexOf(each) !== i))) found.push(`id twice: ${id}`)
  for (const head of document.querySelectorAll('th'))
    if (head.textContent.trim() === '') found.push(`empty table head: ${describe(head)}`)
  for (const picture of document.querySelectorAll('svg[role=img]'))
    if (!picture.getAttribute('aria-label')) found.push('a picture without a text')
  return found
})()
