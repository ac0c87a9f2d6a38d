package admin

import "fmt"

// The sizes of a drawing, in pixels.
const (
	nodeWidth  = 236
	nodeHeight = 58
	columnGap  = 52
	rowGap     = 14
	margin     = 8
	nodeLetter = 30 // of the type, in a node
	smallText  = 36 // of the stream
	hues       = 8  // colours of types of streams; see admin.css
)

// drawing is trees from left to right: causes stand in the columns before their effects,
// an effect in the row of its cause or below.
type drawing struct {
	Width, Height int
	Nodes         []node // the way one reads: down a branch, then the next
	Lines         []string
	rows          int
}

// node is an effect and its place.
type node struct {
	*effect
	X, Y int
}

// draw places trees below each other.
func draw(roots []*effect) *drawing {
	d := &drawing{}
	for _, r := range roots {
		d.place(r, 0)
	}
	d.Height = d.rows*(nodeHeight+rowGap) - rowGap + 2*margin
	return d
}

// place puts an effect, and below it what it has set off, and says where.
func (d *drawing) place(e *effect, depth int) (y int) {
	x := margin + depth*(nodeWidth+columnGap)
	y = margin + d.rows*(nodeHeight+rowGap)
	d.Width = max(d.Width, x+nodeWidth+margin)
	d.Nodes = append(d.Nodes, node{e, x, y})
	for _, effect := range e.Effects {
		d.join(x, y, d.place(effect, depth+1))
	}
	if len(e.Effects) == 0 {
		d.rows++
	}
	return y
}

// join draws the line from a cause to an effect in the next column.
func (d *drawing) join(x, y, toY int) {
	from, to := x+nodeWidth, x+nodeWidth+columnGap
	y, toY = y+nodeHeight/2, toY+nodeHeight/2
	bend := from + columnGap/2
	d.Lines = append(d.Lines, fmt.Sprintf("M%d %dC%d %d %d %d %d %d", from, y, bend, y, bend, toY, to, toY))
}

func (n node) class() string { return fmt.Sprintf("node hue-%d", n.hue) }

// title is all that is known of a node.
func (n node) title() string {
	text := fmt.Sprintf("%s in %s, version %d, %s UTC, %s after the first", n.Type, n.Stream, n.Version, moment(n.RecordedAt), n.after)
	if n.Outside {
		text += ", caused from outside by " + n.Cause
	}
	return text
}
