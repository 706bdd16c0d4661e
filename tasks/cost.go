package tasks

// Cost is what a task takes of the memory while it works on one picture, in
// bytes, beside the planes of the picture that it is given and of the one that it
// makes.
type Cost struct {
	Work int64 // while Apply runs: bands, tiles, feature maps
	Kept int64 // from then on, in the Frame: planes and extra outputs
	Once int64 // from New on, whatever the picture: weights, as they are stored and as they run
}

// Coster is a Task that knows what it will take. Cost is asked before the
// picture is decoded, with its width and height in samples and its planes, 1 or 3,
// and with zeros for Once alone. It is on the high side, since what is in flight
// is chosen by it. It may be called from many goroutines at once.
//
// A task whose memory does not grow with the picture beyond a few bytes a
// sample need not be one: see the package pipeline for what it is taken to cost.
type Coster interface {
	Task
	Cost(w, h, planes int) Cost
}
