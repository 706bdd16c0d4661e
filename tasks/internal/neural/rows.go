package neural

// Source is a picture as rows of float32 planes: the network's inputs, one
// after another, with 1.0 as full scale and no limits. Rows are asked for once
// each, in ascending order.
type Source interface {
	Size() (w, h int)
	ReadRow(y int, planes [][]float32) error
}

// Sink takes the rows of the network's output, once each, in ascending order.
// The planes are the caller's again when WriteRow returns.
type Sink interface {
	WriteRow(y int, planes [][]float32) error
}

// Planes are whole planes of W*H samples as Source and Sink.
type Planes struct {
	W, H int
	Data [][]float32
}

// NewPlanes returns count planes of zeros.
func NewPlanes(w, h, count int) *Planes {
	p := &Planes{W: w, H: h, Data: make([][]float32, count)}
	for i := range p.Data {
		p.Data[i] = make([]float32, w*h)
	}
	return p
}

// Size implements Source.
func (p *Planes) Size() (w, h int) { return p.W, p.H }

// ReadRow implements Source.
func (p *Planes) ReadRow(y int, planes [][]float32) error {
	for i, plane := range planes {
		copy(plane, p.Data[i][y*p.W:(y+1)*p.W])
	}
	return nil
}

// WriteRow implements Sink.
func (p *Planes) WriteRow(y int, planes [][]float32) error {
	for i, plane := range planes {
		copy(p.Data[i][y*p.W:(y+1)*p.W], plane)
	}
	return nil
}
