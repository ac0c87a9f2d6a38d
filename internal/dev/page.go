package dev

import (
	_ "embed" // for the files below
	"errors"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed reload.js
var script string

//go:embed page.css
var style string

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// showProblem answers with a page that says what is wrong and goes once it is not.
func showProblem(w http.ResponseWriter, problem error, state string) {
	what, output := "ireneo dev", problem.Error()
	if failed, ok := errors.AsType[*FailedError](problem); ok {
		what, output = failed.Command, failed.Output
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusInternalServerError)
	_ = page.Execute(w, map[string]string{ // the client may have left
		"What": what, "Output": output, "Script": scriptPath + "?" + state, "Style": stylePath,
	})
}

func serve(w http.ResponseWriter, kind, text string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprint(w, text)
}
