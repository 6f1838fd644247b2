// A file drop zone. The file goes straight from the disk to the REST route; the page only learns the outcome.
//
// The page is asked for a permit (an address with a single-use ticket) when a file waits, so that no ticket is
// issued for nothing and none is stale. Streamlit calls this function again after each run with new data.

const zones = new WeakMap()

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""))

function bytes(count, language) {
  const units = ["B", "KiB", "MiB", "GiB"]
  let amount = count
  let at = 0
  while (amount >= 1024 && at < units.length - 1) { amount /= 1024; at += 1 }
  const digits = at === 0 ? 0 : 1
  return `${amount.toLocaleString(language, { maximumFractionDigits: digits })} ${units[at]}`
}

class Zone {
  constructor(root) {
    const find = (name) => root.querySelector(`.${name}`)
    this.box = find("zone"); this.file = find("file"); this.label = find("label"); this.help = find("help")
    this.limits = find("limits"); this.browse = find("browse"); this.running = find("running"); this.name = find("name")
    this.amount = find("amount"); this.bar = find("progress"); this.cancel = find("cancel")
    this.problem = find("problem"); this.status = find("status")
    this.waiting = null
    this.request = null
    this.turn = 0
    this.session = Math.random().toString(36).slice(2)
    this.browse.onclick = () => this.file.click()
    this.file.onchange = () => { if (this.file.files.length) this.choose(this.file.files[0]); this.file.value = "" }
    this.cancel.onclick = () => this.stop()
    this.box.ondragover = (event) => { event.preventDefault(); this.box.classList.add("over") }
    this.box.ondragleave = () => this.box.classList.remove("over")
    this.box.ondrop = (event) => {
      event.preventDefault()
      this.box.classList.remove("over")
      if (event.dataTransfer.files.length) this.choose(event.dataTransfer.files[0])
    }
  }

  draw(data, setStateValue) {
    this.data = data
    this.report = setStateValue
    this.label.textContent = data.label
    this.file.accept = data.accept
    this.browse.textContent = data.current ? data.texts.replace : data.texts.browse
    this.cancel.textContent = data.texts.cancel
    this.limits.textContent = data.texts.limit
    this.bar.setAttribute("aria-label", data.texts.progress)
    this.box.classList.toggle("done", Boolean(data.current))
    this.help.textContent = data.current
      ? fill(data.texts.received, { name: data.current.name, size: bytes(data.current.size, data.language) })
      : data.help
    this.file.disabled = Boolean(data.disabled)
    this.browse.disabled = Boolean(data.disabled)
    const permit = data.permit
    if (permit && this.waiting && permit.nonce === this.waiting.nonce) {
      const { file, nonce } = this.waiting
      this.waiting = null
      if (permit.problem) this.fail(nonce, file, 0, permit.problem)
      else this.send(permit.url, file, nonce)
    }
  }

  choose(file) {
    if (this.request || this.waiting || this.data.disabled) return
    this.turn += 1
    const nonce = `${this.session}-${this.turn}`
    this.clear()
    if (file.size > this.data.limit) {
      this.fail(nonce, file, 413, { text: fill(this.data.texts.too_large, { size: bytes(file.size, this.data.language) }) })
      return
    }
    if (file.size === 0) { this.fail(nonce, file, 422, { text: this.data.texts.empty }); return }
    this.waiting = { file, nonce }
    this.show(file, 0)
    this.report("asked", { nonce, name: file.name, size: file.size })
  }

  send(url, file, nonce) {
    const request = new XMLHttpRequest()
    this.request = request
    let quarter = 0
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return
      const share = event.loaded / event.total
      this.show(file, share)
      if (Math.floor(share * 4) > quarter) {
        quarter = Math.floor(share * 4)
        this.status.textContent = fill(this.data.texts.sent, { share: Math.round(share * 100), name: file.name })
      }
    }
    request.onload = () => {
      this.request = null
      let answer = {}
      try { answer = JSON.parse(request.responseText) } catch { answer = {} }
      if (request.status >= 200 && request.status < 300) {
        this.clear()
        this.status.textContent = fill(this.data.texts.received, { name: file.name, size: bytes(file.size, this.data.language) })
        this.report("done", { nonce, name: file.name, size: answer.size ?? file.size, digest: answer.digest ?? "", status: request.status, problem: null })
      } else {
        const text = answer.detail || answer.title || fill(this.data.texts.refused, { status: request.status })
        this.fail(nonce, file, request.status, { text, fix: answer.fix ?? "", code: answer.code ?? "" })
      }
    }
    request.onerror = () => { this.request = null; this.fail(nonce, file, 0, { text: this.data.texts.offline }) }
    request.onabort = () => { this.request = null; this.clear(); this.status.textContent = this.data.texts.cancelled }
    request.open("PUT", `${url}${url.includes("?") ? "&" : "?"}name=${encodeURIComponent(file.name)}`)
    request.setRequestHeader("Accept-Language", this.data.language)
    request.setRequestHeader("Content-Type", "application/octet-stream")
    request.send(file)
  }

  show(file, share) {
    this.running.hidden = false
    this.name.textContent = file.name
    this.bar.value = share
    this.amount.textContent = `${bytes(file.size * share, this.data.language)} / ${bytes(file.size, this.data.language)}`
  }

  stop() {
    this.waiting = null
    if (this.request) this.request.abort()
    else this.clear()
  }

  clear() {
    this.running.hidden = true
    this.problem.hidden = true
    this.problem.textContent = ""
    this.status.textContent = ""
    this.box.classList.remove("failed")
  }

  fail(nonce, file, status, problem) {
    this.clear()
    this.box.classList.add("failed")
    this.problem.hidden = false
    this.problem.textContent = [problem.text, problem.fix].filter(Boolean).join(" ")
    this.report("done", { nonce, name: file.name, size: file.size, digest: "", status, problem })
  }
}

export default function ({ parentElement, data, setStateValue }) {
  let zone = zones.get(parentElement)
  if (!zone || !parentElement.contains(zone.box)) {
    zone = new Zone(parentElement)
    zones.set(parentElement, zone)
  }
  zone.draw(data, setStateValue)
  // Streamlit also calls this for a run that was overtaken; only a zone that left the page gives up its upload.
  return () => { if (!parentElement.isConnected && zone.request) zone.request.abort() }
}
