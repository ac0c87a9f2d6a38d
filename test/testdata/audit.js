(() => {
	const problems = []
	const say = (what, el) => problems.push(what + ": " + el.outerHTML.slice(0, 120))
	const all = (selector) => [...document.querySelectorAll(selector)]
	const shown = (el) => el.checkVisibility() && el.getClientRects().length > 0

	if (!document.documentElement.lang) problems.push("the page does not say its language")
	if (!document.title) problems.push("the page has no title")
	for (const selector of ["h1", "main"]) {
		const n = all(selector).length
		if (n !== 1) problems.push(`the page has ${n} elements ${selector}`)
	}
	let level = 1
	for (const h of all("h1, h2, h3, h4")) {
		const n = Number(h.tagName[1])
		if (n > level + 1) say("a heading skips a level", h)
		level = n
	}
	const ids = new Set()
	for (const el of all("[id]")) {
		if (ids.has(el.id)) say("an id comes twice", el)
		ids.add(el.id)
	}
	for (const el of all("[aria-describedby], [aria-labelledby], [form]")) {
		for (const attribute of ["aria-describedby", "aria-labelledby", "form"]) {
			for (const id of (el.getAttribute(attribute) || "").split(" ").filter(Boolean)) {
				if (!ids.has(id)) say(`${attribute} leads nowhere`, el)
			}
		}
	}
	for (const el of all("input:not([type=hidden]), select, textarea")) {
		if (el.labels.length === 0 && !el.ariaLabel) say("a field has no label", el)
	}
	for (const el of all("a[href], button, summary")) {
		if (!el.textContent.trim() && !el.ariaLabel) say("a control has no name", el)
	}
	for (const el of all("nav, aside, section.card, progress")) {
		const heading = el.querySelector("h1, h2, h3")
		if (!el.ariaLabel && !el.getAttribute("aria-labelledby") && !heading) say("a region has no name", el)
	}
	for (const el of all("table")) if (!el.caption) say("a table has no caption", el)
	for (const el of all("th")) if (!el.scope) say("a head has no scope", el)
	for (const el of all("svg")) {
		const named = el.role && (el.ariaLabel || el.getAttribute("aria-labelledby"))
		if (el.getAttribute("aria-hidden") !== "true" && !named) say("a picture is read out", el)
	}

	// Contrast, by https://www.w3.org/TR/WCAG22/#contrast-minimum
	const rgba = (color) => color.match(/[\d.]+/g).map(Number)
	const light = ([r, g, b]) => {
		const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		return 0.2126 * x + 0.7152 * y + 0.0722 * z
	}
	const behind = (el) => {
		for (; el; el = el.parentElement) {
			const color = rgba(getComputedStyle(el).backgroundColor)
			if (color.length < 4 || color[3] === 1) return color
		}
		return [255, 255, 255]
	}
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
	const seen = new Set()
	while (texts.nextNode()) {
		const el = texts.currentNode.parentElement
		if (!texts.currentNode.textContent.trim() || seen.has(el) || !shown(el) || el.closest("script, .hidden, .skip, option")) continue
		seen.add(el)
		const style = getComputedStyle(el)
		const [a, b] = [light(rgba(style.color)), light(behind(el))]
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
		const size = parseFloat(style.fontSize)
		const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
		if (ratio < (large ? 3 : 4.5)) say(`contrast is ${ratio.toFixed(2)}`, el)
	}
	return problems
})()
