package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

const assetsPath = "/assets/"

// Assets are static files under names that change with their content, so that
// browsers may keep them for ever. They are held in memory, never change and are safe
// for concurrent use.
type Assets struct {
	paths map[string]string // by plain name: the URL path
	files map[string][]byte // by hashed name
}

// NewAssets reads all files of files.
func NewAssets(files fs.FS) (*Assets, error) {
	a := &Assets{paths: map[string]string{}, files: map[string][]byte{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		a.add(name, content)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read assets: %w", err)
	}
	return a, nil
}

func (a *Assets) add(name string, content []byte) {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	a.paths[name], a.files[hashed] = assetsPath+hashed, content
}

// Path is the URL path of an asset, such as /assets/app.3f2a….css for app.css. A name
// that is not there comes back as a path that answers 404.
func (a *Assets) Path(name string) string {
	if p, ok := a.paths[name]; ok {
		return p
	}
	return assetsPath + name
}

func (a *Assets) serve(production bool) echo.HandlerFunc {
	cache := "no-store"
	if production {
		cache = "public, max-age=31536000, immutable"
	}
	return func(c echo.Context) error {
		name := c.Param("*")
		content, ok := a.files[name]
		if !ok {
			return echo.ErrNotFound
		}
		c.Response().Header().Set("Cache-Control", cache)
		http.ServeContent(c.Response(), c.Request(), name, time.Time{}, bytes.NewReader(content))
		return nil
	}
}
