package generators

// Page gives the files of a page, by their paths, as they are written.
func Page(name string, text []byte) (map[string]string, error) {
	files, err := page(name, text)
	made := map[string]string{}
	for _, f := range files {
		data, err := formatted(f)
		if err != nil {
			return nil, err
		}
		made[f.Path] = string(data)
	}
	return made, err
}
