// Package pipeline takes photographs from a Source through a Chain of steps to
// a Sink. It knows what can go wrong with files, disks and many pictures at
// once, and knows no concrete task.
//
//	chain, err := pipeline.Parse(registry, "denoise:strength=30")
//	err = chain.Open(ctx, tasks.Env{Run: pool.Run, Workers: pool.Workers()})
//	source, err := pipeline.NewFolder([]string{"scans"}, pipeline.FolderOptions{Out: "clean"})
//	sink, err := pipeline.NewDirSink("clean")
//	report, err := pipeline.Run(ctx, pipeline.Options{Pool: pool}, chain, source, sink, nil)
//
// An error of one picture is in the Report and does not end Run; the error that
// Run, NewFolder and the others return is one that lets nothing go on. KindOf
// tells what sort of error it is.
package pipeline
