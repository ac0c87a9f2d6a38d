package web

import "testing"

func TestPage(t *testing.T) { t.Log("the page was tested") }
