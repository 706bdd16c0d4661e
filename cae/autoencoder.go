package cae

import "fmt"

// Config describes a convolutional autoencoder in the manner of U-Net
// (Ronneberger, Fischer and Brox, MICCAI 2015) with residual blocks (He et al.,
// CVPR 2016) and, as a rule, additive skips. The encoder halves the picture at
// each scale; the code is what its last scale says; the decoder doubles it back.
type Config struct {
	Inputs  []Input // put together plane by plane at the door
	Out     int     // planes of the output
	Shuffle int     // space-to-depth by this factor at the door and back at the end; 1: none
	Widths  []int   // planes at each scale, finest first; the last is the code's
	Down    []int   // residual blocks at each scale of the encoder; the last are the bottleneck
	Up      []int   // residual blocks at each scale of the decoder, finest first: one fewer
	Norm    bool    // batch normalisation after each convolution within residual blocks
	Door    int     // side of the first layer's kernel, odd; 0: 3
	Slope   float64 // of the activations below 0; 0: ReLU
	Block   Block   // what blocks are made of; "": BlockResidual
	Skip    Skip
	Head    Head
}

// Skip says how a scale of the encoder reaches its partner in the decoder.
type Skip string

// The kinds of skip: added, put beside and mixed by a 1x1 convolution, or none.
const (
	SkipAdd    Skip = "add"
	SkipConcat Skip = "concat"
	SkipNone   Skip = "none"
)

// Head says what the network's output is.
type Head string

// A residual head adds the first input (of Out planes) to what the decoder
// draws, for tasks that correct; a direct one does not.
const (
	HeadResidual Head = "residual"
	HeadDirect   Head = "direct"
)

// Block says what a block adds to its input of w planes.
type Block string

// A residual block is two 3x3 convolutions with an activation between (He et
// al., CVPR 2016), 18w² multiplications a sample. A gated one multiplies a 3x3
// by a 1x1 convolution of its input and puts another 3x3 behind (see Multiply),
// 19w². A separable one is a depthwise 5x5 convolution, then two 1x1
// convolutions over twice the planes with an activation between (Liu et al., "A
// ConvNet for the 2020s", CVPR 2022), 4w² + 25w.
const (
	BlockResidual  Block = "residual"
	BlockGated     Block = "gated"
	BlockSeparable Block = "separable"
)

// Autoencoder builds the network of c, with parameters of zeros: call Init or
// load weights.
func Autoencoder(c Config) (*Network, error) {
	n, err := c.graph()
	if err != nil {
		return nil, err
	}
	return n, n.allocate()
}

// Graph is the JSON of the network of c, as Autoencoder's would be, without
// getting memory for its parameters: a program may describe many networks and
// run one.
func (c Config) Graph() ([]byte, error) {
	n, err := c.graph()
	if err != nil {
		return nil, err
	}
	return n.MarshalJSON()
}

// graph is the network of c, whose parameters have no memory yet.
func (c Config) graph() (*Network, error) {
	scales := len(c.Widths)
	switch {
	case scales == 0 || len(c.Down) != scales || len(c.Up) != scales-1:
		return nil, fmt.Errorf("autoencoder: %d widths want as many numbers of blocks down and one fewer up, not %d and %d", scales, len(c.Down), len(c.Up))
	case c.Shuffle < 1 || c.Out < 1 || len(c.Inputs) == 0:
		return nil, fmt.Errorf("autoencoder: shuffle %d, %d planes out, %d inputs", c.Shuffle, c.Out, len(c.Inputs))
	case c.Skip != SkipAdd && c.Skip != SkipConcat && c.Skip != SkipNone:
		return nil, fmt.Errorf("autoencoder: skip %q is none of add, concat, none", c.Skip)
	case c.Head != HeadResidual && c.Head != HeadDirect:
		return nil, fmt.Errorf("autoencoder: head %q is neither residual nor direct", c.Head)
	case c.Door < 0 || c.Door > 0 && c.Door%2 == 0:
		return nil, fmt.Errorf("autoencoder: a first kernel of %d samples; it must be odd", c.Door)
	case c.Block != "" && c.Block != BlockResidual && c.Norm:
		return nil, fmt.Errorf("autoencoder: %s blocks have no batch normalisation", c.Block)
	}
	blocks := map[Block]func(b *builder, name string, width int){
		"": (*builder).residual, BlockResidual: (*builder).residual, BlockGated: (*builder).gated, BlockSeparable: (*builder).separable}
	block := blocks[c.Block]
	if block == nil {
		return nil, fmt.Errorf("autoencoder: block %q is none of residual, gated, separable", c.Block)
	}
	b := &builder{config: c, block: block}
	b.encoder()
	code := b.at
	b.decoder()
	return build(c.Inputs, b.nodes, b.at, code)
}

// builder grows a graph; at is the name of the newest node.
type builder struct {
	config Config
	block  func(b *builder, name string, width int)
	nodes  []Node
	skips  []string
	at     string
}

func (b *builder) add(name string, l Layer, in ...string) {
	b.nodes = append(b.nodes, Node{name, in, l})
	b.at = name
}

func (b *builder) encoder() {
	c := b.config
	planes := 0
	var names []string
	for _, in := range c.Inputs {
		names = append(names, in.Name)
		planes += in.Planes
	}
	b.at = names[0]
	if len(names) > 1 {
		b.add("join", &Concat{}, names...)
	}
	if c.Shuffle > 1 {
		b.add("unshuffle", &SpaceToDepth{Factor: c.Shuffle}, b.at)
		planes *= c.Shuffle * c.Shuffle
	}
	b.add("door", sameConv(planes, c.Widths[0], max(3, c.Door), 1, 1), b.at)
	for s, width := range c.Widths {
		if s > 0 {
			b.add(fmt.Sprintf("down%d", s), &Conv{In: c.Widths[s-1], Out: width,
				Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Bias: true}, b.at)
		}
		for i := range c.Down[s] {
			b.block(b, fmt.Sprintf("enc%d.%d", s, i), width)
		}
		b.skips = append(b.skips, b.at)
	}
}

func (b *builder) decoder() {
	c := b.config
	for s := len(c.Widths) - 2; s >= 0; s-- {
		width := c.Widths[s]
		b.add(fmt.Sprintf("up%d", s), &ConvTranspose{In: c.Widths[s+1], Out: width,
			Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Bias: true}, b.at)
		switch c.Skip {
		case SkipAdd:
			b.add(fmt.Sprintf("skip%d", s), &Add{}, b.at, b.skips[s])
		case SkipConcat:
			b.add(fmt.Sprintf("skip%d", s), &Concat{}, b.at, b.skips[s])
			b.add(fmt.Sprintf("mix%d", s), &Conv{In: 2 * width, Out: width,
				Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}, Bias: true}, b.at)
		}
		for i := range c.Up[s] {
			b.block(b, fmt.Sprintf("dec%d.%d", s, i), width)
		}
	}
	// A small last convolution lets a residual network begin near the identity.
	gain := 1.0
	if c.Head == HeadResidual {
		gain = 0.01
	}
	b.add("draw", conv3(c.Widths[0], c.Out*c.Shuffle*c.Shuffle, gain), b.at)
	if c.Shuffle > 1 {
		b.add("shuffle", &DepthToSpace{Factor: c.Shuffle}, b.at)
	}
	if c.Head == HeadResidual {
		b.add("correct", &Add{}, b.at, c.Inputs[0].Name)
	}
}

// residual is x + conv(act(conv(x))), each convolution normalised where asked.
// The second one begins small, so that a deep stack begins near the identity.
func (b *builder) residual(name string, width int) {
	from := b.at
	b.add(name+".a", conv3(width, width, 1), b.at)
	if b.config.Norm {
		b.add(name+".na", &BatchNorm{Planes: width}, b.at)
	}
	b.activation(name)
	b.add(name+".b", conv3(width, width, 0.3), b.at)
	if b.config.Norm {
		b.add(name+".nb", &BatchNorm{Planes: width}, b.at)
	}
	b.add(name, &Add{}, from, b.at)
}

// gated is x + conv(conv(x) * conv1x1(x)).
func (b *builder) gated(name string, width int) {
	from := b.at
	b.add(name+".gate", sameConv(width, width, 1, 1, 1), from)
	b.add(name+".a", conv3(width, width, 1), from)
	b.add(name+".times", &Multiply{}, b.at, name+".gate")
	b.add(name+".b", conv3(width, width, 0.3), b.at)
	b.add(name, &Add{}, from, b.at)
}

// separable is x + conv1x1(act(conv1x1(depthwise(x)))).
func (b *builder) separable(name string, width int) {
	from := b.at
	b.add(name+".depth", sameConv(width, width, 5, width, 1), b.at)
	b.add(name+".a", sameConv(width, 2*width, 1, 1, 1), b.at)
	b.activation(name)
	b.add(name+".b", sameConv(2*width, width, 1, 1, 0.3), b.at)
	b.add(name, &Add{}, from, b.at)
}

func (b *builder) activation(name string) {
	if b.config.Slope == 0 {
		b.add(name+".relu", &ReLU{}, b.at)
		return
	}
	b.add(name+".relu", &LeakyReLU{Slope: b.config.Slope}, b.at)
}

func conv3(in, out int, gain float64) *Conv { return sameConv(in, out, 3, 1, gain) }

// sameConv is a convolution by a square kernel that keeps the size.
func sameConv(in, out, side, groups int, gain float64) *Conv {
	if gain == 1 {
		gain = 0
	}
	c := &Conv{In: in, Out: out, Kernel: [2]int{side, side}, Stride: [2]int{1, 1}, Pad: [2]int{side / 2, side / 2}, Bias: true, Gain: gain}
	if groups > 1 {
		c.Groups = groups
	}
	return c
}
