package generators

// streamData is what the templates of a stream know.
type streamData struct {
	Name
	Imports, TestImports string
}

// Stream plans the declaration of a stream and its test.
func (a *App) Stream(name Name) (*Plan, error) {
	data := streamData{
		Name:    name,
		Imports: importBlock(a.Module, frameworkPath),
		TestImports: importBlock(a.Module, "testing", frameworkPath, frameworkPath+"/ireneotest",
			a.Module+"/"+eventsDir, "streams "+a.Module+"/"+streamsDir),
	}
	file := streamsDir + "/" + name.File("stream")
	files, err := render(
		rendered{file + ".go", "stream.go.tmpl", data, false},
		rendered{file + "_test.go", "stream_test.go.tmpl", data, false},
		rendered{streamsDir + "/doc.go", "streams_doc.go.tmpl", nil, true},
	)
	return &Plan{Kind: "stream", Name: name.Snake, Files: files, Next: []string{
		"stored in the log for ever as " + name.Snake,
		"say in " + file + ".go what one such stream is",
		"ireneo generate event " + name.Snake + "/opened on:date",
	}}, err
}
