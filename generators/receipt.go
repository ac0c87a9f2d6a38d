package generators

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// receipt says what one generation wrote, so that destroy can undo it. It has no times,
// so that the same generation writes the same receipt.
type receipt struct {
	Kind   string    `json:"kind"`
	Name   string    `json:"name"`
	Files  []written `json:"files"`
	Shared []written `json:"shared,omitempty"` // removed with the last that needs them
}

// written is a file as it was written.
type written struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// receipts is the folder of all receipts.
const receipts = ".ireneo/receipts"

func receiptPath(kind, name string) string { return path.Join(receipts, kind+"-"+name+".json") }

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// readReceipt is nil where there is none.
func readReceipt(tree fs.FS, kind, name string) (*receipt, error) {
	data, err := fs.ReadFile(tree, receiptPath(kind, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	r := &receipt{}
	if err == nil {
		err = json.Unmarshal(data, r)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", receiptPath(kind, name), err)
	}
	return r, nil
}

// keepReceipt is the change that writes the receipt of a plan. What was skipped keeps
// the entry it had, and so counts as edited.
func keepReceipt(tree fs.FS, plan *Plan, changes []Change) ([]Change, error) {
	if plan.Kind == "" {
		return nil, nil
	}
	old, err := readReceipt(tree, plan.Kind, plan.Name)
	if err != nil {
		return nil, err
	}
	r := receipt{Kind: plan.Kind, Name: plan.Name, Files: []written{}}
	if old != nil {
		r.Files, r.Shared = old.Files, old.Shared
	}
	for _, c := range changes {
		entry := written{c.Path, hashOf(c.data)}
		switch {
		case c.Verb == Skip:
		case slices.ContainsFunc(plan.Files, func(f File) bool { return f.Path == c.Path && f.Shared }):
			r.Shared = with(r.Shared, entry)
		default:
			r.Files = with(r.Files, entry)
		}
	}
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return nil, err
	}
	return ours(tree, receiptPath(plan.Kind, plan.Name), append(data, '\n'))
}

// with replaces the entry of a path, or adds it in its place.
func with(entries []written, entry written) []written {
	i, found := slices.BinarySearchFunc(entries, entry, func(a, b written) int { return strings.Compare(a.Path, b.Path) })
	if found {
		entries = slices.Delete(entries, i, i+1)
	}
	return slices.Insert(entries, i, entry)
}

// ours is the change that writes a file nobody but these programs edits.
func ours(tree fs.FS, name string, data []byte) ([]Change, error) {
	c := Change{Verb: Sync, Path: name, data: data}
	old, err := fs.ReadFile(tree, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.Verb = Create
	case err != nil:
		return nil, err
	case bytes.Equal(old, data):
		c.Verb = Identical
	}
	return []Change{c}, nil
}
