// What the admin pages do with a script: keys, local times, copying, and live parts. Without
// it every page works all the same.
//
// A live part is an element with data-live, the address of a stream of pieces. Each element
// in it with data-piece="NAME" shows the pieces of that name, which are HTML that our own
// server has rendered: they replace what it holds, or with data-keep="N" go before it, of
// which the first N children stay. The event named end closes the stream. Of the part's own
// children [data-live-state] says how it is, and [data-live-pause] is a button that holds it.

const rows = () => [...document.querySelectorAll("main .rows tbody tr")].filter((row) => row.querySelector("a[href]"));

// Keys

document.addEventListener("keydown", (e) => {
	if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || document.querySelector("dialog[open]")) return;
	if (e.target.closest("input, textarea, select, [contenteditable]")) {
		if (e.key === "Escape") e.target.blur();
		return;
	}
	const act = keys[e.key];
	if (act && act() !== false) e.preventDefault();
});

const keys = {
	"/": () => focus(document.getElementById("find")),
	"?": () => document.getElementById("help").showModal(),
	j: () => step(1),
	k: () => step(-1),
	"[": () => follow("prev"),
	"]": () => follow("next"),
};

function focus(element) {
	if (!element) return false;
	element.focus();
	element.select?.();
}

// step moves the focus to the link of the next row, or of the one before.
function step(by) {
	const all = rows();
	if (!all.length) return false;
	const now = all.indexOf(document.activeElement.closest("tr"));
	const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1)];
	const link = next.querySelector("a[href]");
	link.focus();
	next.scrollIntoView({ block: "nearest" });
}

function follow(rel) {
	const link = document.querySelector(`main a[rel~="${rel}"]`);
	if (!link) return false;
	link.click();
}

for (const button of document.querySelectorAll("[data-help]")) {
	button.hidden = false;
	button.addEventListener("click", keys["?"]);
}

// Local times: beside the UTC where there is room for it, else behind it.

const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

function localTimes(within) {
	for (const time of within.querySelectorAll("time[datetime]:not([data-local])")) {
		const text = local.format(new Date(time.dateTime));
		time.dataset.local = text;
		time.title = `${time.dateTime} · here ${text}`;
		if (!time.classList.contains("when")) continue;
		const here = document.createElement("span");
		here.className = "quiet here";
		here.textContent = ` · here ${text}`;
		time.after(here);
	}
}

// Copying

function copyButtons(within) {
	if (!navigator.clipboard) return;
	for (const button of within.querySelectorAll("[data-copy][hidden]")) {
		button.hidden = false;
		button.addEventListener("click", async () => {
			const label = button.textContent;
			await navigator.clipboard.writeText(button.parentElement.querySelector("pre, code").textContent);
			button.textContent = "Copied";
			setTimeout(() => (button.textContent = label), 2000);
		});
	}
}

function enliven(within) {
	localTimes(within);
	copyButtons(within);
}

// Live parts

for (const part of document.querySelectorAll("[data-live]")) live(part);

function live(part) {
	const source = new EventSource(part.dataset.live);
	const state = part.querySelector("[data-live-state]");
	const pause = part.querySelector("[data-live-pause]");
	let held = null; // while it is paused: what came for each target, as much as it keeps
	let words = "";

	const say = (text) => {
		words = text;
		if (state) state.textContent = !held ? text : text === "Live" ? "Paused" : `Paused · ${text}`;
	};

	for (const target of part.querySelectorAll("[data-piece]")) {
		source.addEventListener(target.dataset.piece, (e) => {
			if (!held) return show(target, e.data);
			held.set(target, [...(held.get(target) ?? []), e.data].slice(-(target.dataset.keep ?? 1)));
		});
	}
	source.addEventListener("open", () => say("Live"));
	source.addEventListener("error", () => say(source.readyState === EventSource.CLOSED ? "Ended. Load the page again to go on." : "Connecting again …"));
	source.addEventListener("end", () => {
		source.close();
		say("Done");
	});
	addEventListener("pagehide", () => source.close());

	if (!pause) return;
	pause.hidden = false;
	pause.addEventListener("click", () => {
		const missed = held;
		held = held ? null : new Map();
		pause.setAttribute("aria-pressed", String(Boolean(held)));
		missed?.forEach((pieces, target) => pieces.forEach((html) => show(target, html)));
		say(words);
	});
}

// show puts a piece where it belongs. Scripts in it would not run, and there are none.
function show(target, html) {
	const template = document.createElement("template");
	template.innerHTML = html;
	enliven(template.content);
	const keep = +target.dataset.keep;
	if (!keep) return target.replaceChildren(template.content);
	target.prepend(template.content);
	while (target.children.length > keep) target.lastElementChild.remove();
}

addEventListener("pageshow", (e) => e.persisted && document.querySelector("[data-live]") && location.reload());

// Sliders: an element with data-slider, the id of a number field, holds a range that goes
// with the number, and sends the form when it is let go.

for (const slider of document.querySelectorAll("[data-slider]")) {
	const number = document.getElementById(slider.dataset.slider);
	const range = slider.querySelector("input");
	const output = slider.querySelector("output");
	const say = () => (output.value = range.value);
	slider.hidden = false;
	range.addEventListener("input", () => say((number.value = range.value)));
	range.addEventListener("change", () => number.form.requestSubmit());
	number.addEventListener("input", () => say((range.value = number.value)));
}

enliven(document);
