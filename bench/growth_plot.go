package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"
)

// The picture, in pixels. A name stands behind the end of its line, in the line's colour.
const (
	plotWidth  = 1040
	plotHeight = 500
	plotTop    = 64
	plotBottom = 420
	lineHeight = 17 // of names beside each other
	cheapest   = time.Microsecond
	dearest    = 100 * time.Millisecond
)

// panel is one of the two diagrams, both of which have the same costs on the left.
type panel struct {
	title, of   string // what grows, and what its size is
	left, right float64
	sizes       []int // ascending
	curves      []curve
}

// plotStyle has colours that are told apart on white and on black, also by who sees no red or green.
const plotStyle = `
  text { font: 13px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a }
  .title { font-size: 15px; font-weight: 600; fill: #1f2328 }
  .small { font-size: 11px }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .curve { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round }
  .c0 { stroke: #0969da } .d0 { fill: #0969da }
  .c1 { stroke: #bc4c00 } .d1 { fill: #bc4c00 }
  .c2 { stroke: #1a7f37 } .d2 { fill: #1a7f37 }
  .c3 { stroke: #8250df } .d3 { fill: #8250df }
  .c4 { stroke: #bf3989 } .d4 { fill: #bf3989 }
  .c5 { stroke: #0a7b83 } .d5 { fill: #0a7b83 }
  .c6 { stroke: #9a6700 } .d6 { fill: #9a6700 }
  .c7 { stroke: #cf222e } .d7 { fill: #cf222e }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 }
    .title { fill: #f0f6fc }
    .grid { stroke: #30363d }
    .c0 { stroke: #4493f8 } .d0 { fill: #4493f8 }
    .c1 { stroke: #f0883e } .d1 { fill: #f0883e }
    .c2 { stroke: #3fb950 } .d2 { fill: #3fb950 }
    .c3 { stroke: #ab7df8 } .d3 { fill: #ab7df8 }
    .c4 { stroke: #f778ba } .d4 { fill: #f778ba }
    .c5 { stroke: #39c5cf } .d5 { fill: #39c5cf }
    .c6 { stroke: #d29922 } .d6 { fill: #d29922 }
    .c7 { stroke: #ff7b72 } .d7 { fill: #ff7b72 }
  }
`

// draw makes the picture: an SVG that is its own style sheet.
func (g *growth) draw() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="title desc">`+"\n", plotWidth, plotHeight)
	fmt.Fprintln(&b, `<title id="title">What operations cost as a log and its streams grow</title>`)
	fmt.Fprintf(&b, "<desc id=\"desc\">%s</desc>\n", html.EscapeString(g.describe()))
	fmt.Fprintf(&b, "<style>%s</style>\n", plotStyle)

	colours := map[string]int{}
	for _, p := range []panel{
		{"As the log grows", "events in the log", 64, 390, sizesOf(g.Log), g.Log},
		{"As a stream grows", "events in the stream", 700, 870, sizesOf(g.Stream), g.Stream},
	} {
		p.draw(&b, colours)
	}
	fmt.Fprintf(&b, `<text class="small" x="64" y="%d">%s</text>`+"\n", plotHeight-8, html.EscapeString(g.caption()))
	fmt.Fprintln(&b, "</svg>")
	return b.String()
}

// sizesOf are those of any curve: all have the same.
func sizesOf(curves []curve) (sizes []int) {
	for _, p := range curves[0].Points {
		sizes = append(sizes, p.Events)
	}
	return sizes
}

// describe is the picture for who cannot see it.
func (g *growth) describe() string {
	var said []string
	for _, c := range append(slices.Clone(g.Log), g.Stream...) {
		first, last := c.Points[0], c.Points[len(c.Points)-1]
		said = append(said, fmt.Sprintf("%s: %s at %s events, %s at %s.", c.Name, pretty(first.Cost), short(first.Events), pretty(last.Cost), short(last.Events)))
	}
	return strings.Join(said, " ")
}

func (g *growth) caption() string {
	version, _, _ := strings.Cut(g.Setup.PostgreSQL, " ")
	return fmt.Sprintf("Time of an operation, one client, median of the quietest of %d rounds; both axes logarithmic. %s, %d cores, PostgreSQL %s with fsync, %s.",
		g.Setup.Rounds, g.Setup.CPU, g.Setup.Cores, version, g.Setup.Go)
}

// draw gives each operation the colour that it has in the other panel, else the next one.
func (p panel) draw(b *strings.Builder, colours map[string]int) {
	fmt.Fprintf(b, `<text class="title" x="%.0f" y="%d">%s</text>`+"\n", p.left, plotTop-28, p.title)
	for cost := cheapest; cost <= dearest; cost *= 10 {
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", p.left, yOf(cost), p.right, yOf(cost))
		fmt.Fprintf(b, `<text text-anchor="end" x="%.1f" y="%.1f">%s</text>`+"\n", p.left-8, yOf(cost)+4, pretty(cost))
	}
	for _, size := range p.sizes {
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n", p.x(size), plotBottom, p.x(size), plotBottom+5)
		fmt.Fprintf(b, `<text text-anchor="middle" x="%.1f" y="%d">%s</text>`+"\n", p.x(size), plotBottom+20, short(size))
	}
	fmt.Fprintf(b, `<text text-anchor="middle" x="%.1f" y="%d">%s</text>`+"\n", (p.left+p.right)/2, plotBottom+38, p.of)

	names := p.names()
	for i, c := range p.curves {
		colour, known := colours[c.Name]
		if !known {
			colour = len(colours)
			colours[c.Name] = colour
		}
		p.line(b, c, colour)
		p.label(b, c, colour, names[i])
	}
}

// line is a curve with a dot where it was measured.
func (p panel) line(b *strings.Builder, c curve, colour int) {
	var points []string
	for _, at := range c.Points {
		points = append(points, fmt.Sprintf("%.1f,%.1f", p.x(at.Events), yOf(at.Cost)))
	}
	fmt.Fprintf(b, `<polyline class="curve c%d" points="%s"/>`+"\n", colour, strings.Join(points, " "))
	for _, at := range c.Points {
		fmt.Fprintf(b, `<circle class="d%d" cx="%.1f" cy="%.1f" r="3.5"/>`+"\n", colour, p.x(at.Events), yOf(at.Cost))
	}
}

func (p panel) label(b *strings.Builder, c curve, colour int, y float64) {
	last := c.Points[len(c.Points)-1]
	x := p.x(last.Events)
	fmt.Fprintf(b, `<path class="c%d" fill="none" opacity=".5" d="M%.1f %.1f L%.1f %.1f"/>`+"\n", colour, x+5, yOf(last.Cost), x+16, y)
	fmt.Fprintf(b, `<text class="d%d" x="%.1f" y="%.1f">%s, %s</text>`+"\n", colour, x+20, y+4, html.EscapeString(c.Name), pretty(last.Cost))
}

// names are the heights of the curves' names: those of their ends, spread where they are too close.
func (p panel) names() []float64 {
	order := make([]int, len(p.curves))
	heights := make([]float64, len(p.curves))
	for i, c := range p.curves {
		order[i], heights[i] = i, yOf(c.Points[len(c.Points)-1].Cost)
	}
	slices.SortFunc(order, func(a, b int) int { return int(math.Copysign(1, heights[a]-heights[b])) })
	keepApart(order, heights)
	return heights
}

// keepApart moves neighbours apart by halves until each has its line.
func keepApart(order []int, heights []float64) {
	for moved := true; moved; {
		moved = false
		for i := range len(order) - 1 {
			upper, lower := order[i], order[i+1]
			if missing := lineHeight - (heights[lower] - heights[upper]); missing > 0.1 {
				heights[upper] -= missing / 2
				heights[lower] += missing / 2
				moved = true
			}
		}
	}
}

func (p panel) x(size int) float64 {
	from, until := math.Log(float64(p.sizes[0])), math.Log(float64(p.sizes[len(p.sizes)-1]))
	if from == until {
		return (p.left + p.right) / 2
	}
	return p.left + (p.right-p.left)*(math.Log(float64(size))-from)/(until-from)
}

func yOf(cost time.Duration) float64 {
	from, until := math.Log(float64(cheapest)), math.Log(float64(dearest))
	return plotBottom - (plotBottom-plotTop)*(math.Log(float64(cost))-from)/(until-from)
}

// pretty has two digits.
func pretty(d time.Duration) string {
	unit, name := time.Microsecond, "µs"
	if d >= time.Millisecond {
		unit, name = time.Millisecond, "ms"
	}
	value := float64(d) / float64(unit)
	if value < 9.95 && value != math.Trunc(value) {
		return fmt.Sprintf("%.1f %s", value, name)
	}
	return fmt.Sprintf("%.0f %s", value, name)
}

// short counts in thousands and millions.
func short(events int) string {
	switch {
	case events >= 1_000_000 && events%1_000_000 == 0:
		return fmt.Sprintf("%d M", events/1_000_000)
	case events >= 1000 && events%1000 == 0:
		return fmt.Sprintf("%d k", events/1000)
	default:
		return fmt.Sprint(events)
	}
}
