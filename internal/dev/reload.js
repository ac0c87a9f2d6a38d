// Reloads the page when ireneo dev says that it may look different. The state it was
// made in is in the address of this script.
"use strict";
(() => {
	const state = document.currentScript.src.split("?")[1];
	const events = new EventSource("/_dev/events");
	events.onmessage = (event) => {
		if (event.data !== state) {
			events.close();
			location.reload();
		}
	};
	addEventListener("pagehide", () => events.close());
})();
