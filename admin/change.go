package admin

import "reflect"

// change is what differs between two models.
type change struct {
	Path   string `json:"path"`
	Label  string `json:"label"`
	Kind   string `json:"kind"` // changed, added or removed
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// changesOf are the differences of two models of one projection, in the order of their
// fields. Where there was none before, what is not zero was added. more says that there
// are more than can be looked at.
func changesOf(before, after any) (list []change, more bool) {
	return changesBut(alike(before, after), before, after)
}

// changesBut leaves some fields of the models out, by their indexes.
func changesBut(left []bool, before, after any) (list []change, more bool) {
	was, cutBefore := fieldsBut(left, before, comparedFields)
	is, cutAfter := fieldsBut(left, after, comparedFields)
	old := map[string]modelField{}
	for _, f := range was {
		old[f.Path] = f
	}
	for _, f := range is {
		o, had := old[f.Path]
		delete(old, f.Path)
		switch {
		case had && o.real != f.real:
			list = append(list, change{f.Path, f.Label, "changed", o.Value, f.Value})
		case !had && !f.zero:
			list = append(list, change{f.Path, f.Label, "added", "", f.Value})
		}
	}
	for _, f := range was {
		if _, gone := old[f.Path]; gone && !f.zero {
			list = append(list, change{f.Path, f.Label, "removed", f.Value, ""})
		}
	}
	if len(list) > shownFields {
		return list[:shownFields], true
	}
	return list, cutBefore || cutAfter
}

// alike are the fields of two models that are the same in both, by their indexes. They need
// not be taken apart, which is the dear part. Nil: there are not two models.
func alike(before, after any) []bool {
	was, is := reflect.Indirect(reflect.ValueOf(before)), reflect.Indirect(reflect.ValueOf(after))
	if !was.IsValid() || !is.IsValid() || was.Type() != is.Type() {
		return nil
	}
	same := make([]bool, was.NumField())
	for i := range same {
		a, b := was.Field(i), is.Field(i)
		same[i] = a.Comparable() && b.Comparable() && a.Equal(b) || a.CanInterface() && reflect.DeepEqual(a.Interface(), b.Interface())
	}
	return same
}

// tone is how a change looks.
func (c change) tone() tone {
	return map[string]tone{"changed": busy, "added": good, "removed": bad}[c.Kind]
}

func (c change) sign() string {
	return map[string]string{"changed": "~", "added": "+", "removed": "−"}[c.Kind]
}

// fewChanges is how many changes are shown in short.
const fewChanges = 8
