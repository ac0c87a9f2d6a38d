// Shows what happens to the streams of a page while somebody looks at it.
//
// The page says in main[data-live] what it follows. When something happens it is asked for
// anew, and what differs takes the place of what was there; focus, scroll, open details and
// the page's address stay. While somebody types or has selected a text nothing moves: a
// notice offers the new state instead, and what was typed stays in it.

const main = document.querySelector("main[data-live]");
const notice = document.getElementById("live");
const address = new URL(main.dataset.live, location.href);

let source = null; // the open EventSource
let behind = 0; // the position of what the page does not show yet, 0: it shows everything
let renewing = false;

function follow() {
	if (source || document.hidden) return; // browsers have few connections: those who look get them
	source = new EventSource(address);
	source.addEventListener("live", (e) => address.searchParams.set("after", e.lastEventId));
	source.addEventListener("event", (e) => {
		if (e.lastEventId) address.searchParams.set("after", e.lastEventId);
		behind = Math.max(behind, JSON.parse(e.data).position);
		soon(renew);
	});
	source.addEventListener("error", () => {
		if (source.readyState !== EventSource.CLOSED) return; // it connects again by itself
		rest();
		setTimeout(follow, 30_000);
	});
}

function rest() {
	source?.close();
	source = null;
}

// soon waits for what comes together, and spreads those who look at the same page.
let timer = 0;
function soon(what) {
	clearTimeout(timer);
	timer = setTimeout(what, 50 + Math.random() * 200);
}

async function renew() {
	if (renewing || !behind) return;
	if (busy()) return offer();
	renewing = true;
	try {
		await show();
	} catch {
		offer(); // it may work when somebody asks for it
	} finally {
		renewing = false;
	}
	if (behind && !notice.hasChildNodes()) soon(renew);
}

// show asks for the page as it is now, and takes over what differs.
async function show() {
	const upTo = behind;
	const answer = await fetch(location.href, {
		headers: { Accept: "text/html", "Ireneo-Live": "1", "Ireneo-Position": String(upTo) },
	});
	const page = new DOMParser().parseFromString(await answer.text(), "text/html");
	const fresh = page.querySelector("main[data-live]");
	if (!answer.ok || answer.redirected || !fresh) throw new Error(`${answer.status} is not this page`);

	const focused = document.activeElement;
	const typed = fields().filter(changed).map(({ id, value, checked }) => ({ id, value, checked }));
	update(main, fresh);
	for (const t of typed) {
		const field = t.id && document.getElementById(t.id);
		if (field) Object.assign(field, field.type === "checkbox" || field.type === "radio" ? { checked: t.checked } : { value: t.value });
	}
	document.title = page.title;
	if (focused !== document.activeElement && !focused.isConnected) again(focused)?.focus({ preventScroll: true });
	if (behind === upTo) behind = 0;
	notice.replaceChildren();
}

// update makes the children of one element those of another, and keeps what is the same.
function update(old, fresh) {
	const before = [...old.childNodes].filter((n) => !passing(n)), after = [...fresh.childNodes];
	if (before.length !== after.length) {
		old.replaceChildren(...after);
		return;
	}
	before.forEach((node, i) => {
		const next = after[i];
		if (node.isEqualNode(next)) return;
		if (node.nodeType === Node.ELEMENT_NODE && alike(node, next)) update(node, next);
		else node.replaceWith(next);
	});
}

// passing is a message about what was done just now; the new page has none.
const passing = (node) => node.nodeType === Node.ELEMENT_NODE && node.matches(".flash:not(.warn)");

// alike reports whether two elements differ in nothing but their children.
function alike(node, next) {
	if (next.nodeType !== Node.ELEMENT_NODE) return false;
	const bare = node.cloneNode(false);
	if (node.localName === "details") bare.toggleAttribute("open", next.hasAttribute("open")); // that is the reader's
	return node === main || bare.isEqualNode(next.cloneNode(false));
}

// again finds what had the focus before it was replaced.
function again(element) {
	if (element.id) return document.getElementById(element.id);
	const href = element.getAttribute("href");
	return href && main.querySelector(`a[href="${CSS.escape(href)}"]`);
}

// busy reports whether somebody is at something that must not be taken from them.
function busy() {
	const selection = document.getSelection();
	if (!selection.isCollapsed && main.contains(selection.anchorNode)) return true;
	return fields().some((field) => field === document.activeElement || changed(field));
}

const fields = () => [...main.querySelectorAll("input:not([type=hidden]), textarea, select")];

function changed(field) {
	if (field.localName === "select") {
		const first = [...field.options].findIndex((o) => o.defaultSelected);
		return field.selectedIndex !== Math.max(first, 0);
	}
	if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
	return field.value !== field.defaultValue;
}

// offer says that there is a new state, and shows it when somebody wants to see it.
function offer() {
	if (notice.hasChildNodes()) return;
	const button = document.createElement("button");
	button.className = "button";
	button.textContent = "Show the new state";
	button.addEventListener("click", () => show().catch(() => location.reload()));
	const box = document.createElement("p");
	box.className = "notice";
	box.append("This page has changed. ", button);
	notice.replaceChildren(box);
}

// Whoever stops typing without having typed anything sees the new state by itself.
main.addEventListener("focusout", () => setTimeout(() => !busy() && behind && soon(renew)));
document.addEventListener("visibilitychange", () => (document.hidden ? rest() : follow()));
addEventListener("pagehide", rest);
addEventListener("pageshow", follow);
follow();
