package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/tasks/fit"
	"github.com/urfave/cli/v2"
)

func (p *program) trainCommand() *cli.Command {
	return &cli.Command{
		Name:      "train",
		Usage:     "train a task's network on folders of clean pictures, or go on with a training",
		ArgsUsage: "TASK --data DIR -o DIR",
		Description: "Writes into the folder of -o: the model file, a checkpoint to --resume from, the log, the curves of\n" +
			"loss and score, and samples.png, held-out patches before and after the network. The optimiser is\n" +
			"AdamW. TASK:model=NAME chooses one of the task's models. It may be stopped at any time, by kill -9\n" +
			"too: --resume goes on from the last checkpoint as if nothing had happened.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "data", Usage: "folder of clean pictures to learn from, `DIR`; may be given several times"},
			&cli.StringSliceFlag{Name: "val", Usage: "folder of other clean pictures to score on, `DIR`; may be given several times"},
			assetsFlag(),
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "folder for what the training writes, `DIR`", DefaultText: "with --resume: the checkpoint's folder"},
			&cli.Int64Flag{Name: "steps", Usage: "length of the training, `N` steps", DefaultText: "none"},
			&cli.Float64Flag{Name: "minutes", Usage: "or about `M` minutes, turned into steps at the start", DefaultText: "none"},
			&cli.IntFlag{Name: "batch", Value: 16, Usage: "patches a step"},
			&cli.IntFlag{Name: "patch", Value: 96, Usage: "height and width of a patch in samples"},
			&cli.Float64Flag{Name: "rate", Value: 1.2e-3, Usage: "learning rate"},
			&cli.Float64Flag{Name: "weight-decay", Value: 0, Usage: "of AdamW: share of the weights that goes at each step, times the rate"},
			&cli.Float64Flag{Name: "clip", Value: 0.25, Usage: "longest gradient; 0 is no limit"},
			&cli.Float64Flag{Name: "guard", Value: train.DefaultGuard, Usage: "leave a step out whose gradient is so many times as long as the recent ones; 0: only where it is no number"},
			&cli.Float64Flag{Name: "ema", Value: 0.999, Usage: "memory of the moving average of the weights, 0 to below 1"},
			&cli.Int64Flag{Name: "warmup", Value: 200, Usage: "steps over which the rate rises to its full value; at most a tenth of all"},
			choice(&cli.StringFlag{Name: "schedule", Value: string(train.Cosine), Usage: "rate after the warm-up: cosine (falls to 0 at the last step) or constant"}, "cosine", "constant"),
			choice(&cli.StringFlag{Name: "loss", Usage: oneOfWords(train.Losses()), DefaultText: "the model's own"}, train.Losses()...),
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "seed of the first weights and of all that is drawn"},
			&cli.StringFlag{Name: "resume", Usage: "checkpoint to go on from, `FILE`; steps, batch, rate and the rest are the checkpoint's"},
			&cli.Int64Flag{Name: "decay", Usage: "with --resume: branch off, let the rate fall to 0 over `N` steps and end there; needs another -o", DefaultText: "none"},
			&cli.StringFlag{Name: "from", Usage: "model whose weights to start from, `NAME|FILE`"},
			choice(&cli.StringFlag{Name: "freeze", Usage: "with --from: encoder keeps the weights up to the code as they are, and teaches the rest", DefaultText: "nothing"}, "encoder"),
			&cli.BoolFlag{Name: "overwrite", Usage: "write over a training that is in the folder of -o"},
			&cli.StringFlag{Name: "licence", Usage: "licence of the weights for the model card, `SPDX` identifier"},
			&cli.DurationFlag{Name: "checkpoint", Value: 5 * time.Minute, Usage: "time between two checkpoints"},
			&cli.DurationFlag{Name: "score", Value: 10 * time.Minute, Usage: "time between two scores on --val"},
			jobsFlag(), quietFlag(),
		},
		Action: p.train,
	}
}

// fixedByCheckpoint are the options that a resumed training takes from its
// checkpoint.
var fixedByCheckpoint = []string{"steps", "minutes", "batch", "patch", "rate", "weight-decay", "clip", "ema", "warmup", "schedule", "loss", "seed", "from", "freeze", "guard"}

func (p *program) train(c *cli.Context) error {
	arg, spec, model, err := p.modelArgument(c, "to start from the weights of a file: --from FILE")
	if err != nil {
		return err
	}
	out, err := checkTraining(c)
	if err != nil {
		return err
	}
	assets, err := assetFolders(c)
	if err != nil {
		return err
	}
	pool, err := enter(c)
	if err != nil {
		return err
	}
	defer pool.Leave()
	log := newTrainLog(p, c.Bool("quiet"), out, "training of "+spec.Name+", model "+model.Name)
	if c.IsSet("resume") {
		log.resume()
	}
	path, err := fit.Train(c.Context, fit.TrainOptions{
		Spec: spec, Model: model,
		Data: c.StringSlice("data"), Val: c.StringSlice("val"), Assets: assets, Out: out,
		Config: train.Config{
			Steps: c.Int64("steps"), Warmup: c.Int64("warmup"), Schedule: train.Schedule(c.String("schedule")),
			Rate: c.Float64("rate"), WeightDecay: c.Float64("weight-decay"), Clip: c.Float64("clip"), Guard: c.Float64("guard"), Freeze: c.String("freeze"), EMA: c.Float64("ema"),
			Loss: c.String("loss"), Batch: c.Int("batch"), Height: c.Int("patch"), Width: c.Int("patch"), Seed: c.Uint64("seed"),
		},
		Minutes: c.Float64("minutes"), Overwrite: c.Bool("overwrite"), Resume: c.String("resume"), Decay: c.Int64("decay"), From: c.String("from"),
		Every: c.Duration("checkpoint"), Score: c.Duration("score"),
		Command: p.commandLine(), Program: "restore " + moduleVersion(), Licence: c.String("licence"), Env: p.env(pool), Log: log.event,
	})
	log.close()
	switch {
	case errors.Is(err, context.Canceled):
		checkpoint := filepath.Join(out, fit.CheckpointName)
		if _, serr := os.Stat(checkpoint); serr != nil {
			return &stopped{"no step was taken yet"}
		}
		return &stopped{"the training is saved; go on with: " + resumeCommand(c, arg, checkpoint)}
	case errors.Is(err, fit.ErrData), errors.Is(err, fit.ErrOptions):
		return &usageError{err}
	case err != nil:
		return err
	}
	fmt.Fprintln(p.stdout, path)
	return nil
}

// resumeCommand is the command that goes on with a training, for a shell. Options
// that the checkpoint does not hold are its own: --data, --val and
// --assets.
func resumeCommand(c *cli.Context, arg, checkpoint string) string {
	words := []string{"restore", "train", arg}
	for _, name := range []string{"data", "val", "assets"} {
		for _, dir := range c.StringSlice(name) {
			words = append(words, "--"+name, dir)
		}
	}
	words = append(words, "--resume", checkpoint)
	for i, word := range words {
		words[i] = shellWord(word)
	}
	return strings.Join(words, " ")
}

// checkTraining checks the options and returns the folder to write into.
func checkTraining(c *cli.Context) (out string, err error) {
	if !c.IsSet("data") {
		return "", usagef("say what to learn from: --data DIR, a folder of clean pictures")
	}
	out = c.String("out")
	if resume := c.String("resume"); resume != "" {
		for _, name := range fixedByCheckpoint {
			if c.IsSet(name) {
				return "", usagef("option --%s cannot be changed by a resumed training: its checkpoint says it", name)
			}
		}
		branch := c.IsSet("decay")
		if out == "" && !branch {
			out = filepath.Dir(resume)
		}
		if branch && (out == "" || sameFolder(out, filepath.Dir(resume))) {
			return "", usagef("option --decay branches off: give the branch a folder of its own with -o DIR, so that the checkpoint stays")
		}
	} else if c.IsSet("decay") {
		return "", usagef("option --decay goes with --resume CHECKPOINT")
	} else if c.IsSet("steps") && c.IsSet("minutes") {
		return "", usagef("options --steps and --minutes both say how long to train: give one of them")
	} else if !c.IsSet("steps") && !c.IsSet("minutes") {
		return "", usagef("say how long to train: --steps N or --minutes M")
	}
	if c.IsSet("freeze") && !c.IsSet("from") {
		return "", usagef("option --freeze keeps weights as they are, and those of a new network are random: say which model to start from with --from NAME|FILE")
	}
	if out == "" {
		return "", usagef("say where to write: -o DIR")
	}
	for _, f := range []struct {
		name   string
		ok     bool
		demand string
	}{
		{"steps", !c.IsSet("steps") || c.Int64("steps") >= 1, "at least 1"},
		{"decay", !c.IsSet("decay") || c.Int64("decay") >= 1, "at least 1"},
		{"minutes", !c.IsSet("minutes") || c.Float64("minutes") > 0 && c.Float64("minutes") < 1e7, "above 0"},
		{"batch", c.Int("batch") >= 1 && c.Int("batch") <= 4096, "1 to 4096"},
		{"patch", c.Int("patch") >= 1 && c.Int("patch") <= 4096, "1 to 4096"},
		{"rate", c.Float64("rate") > 0 && c.Float64("rate") <= 10, "above 0 and at most 10"},
		{"weight-decay", c.Float64("weight-decay") >= 0 && c.Float64("weight-decay") <= 10, "0 to 10"},
		{"clip", c.Float64("clip") >= 0, "at least 0"},
		{"ema", c.Float64("ema") >= 0 && c.Float64("ema") < 1, "at least 0 and below 1"},
		{"guard", c.Float64("guard") == 0 || c.Float64("guard") > 1, "0 or above 1"},
		{"freeze", oneOf(c.String("freeze"), "", train.FreezeEncoder), train.FreezeEncoder},
		{"warmup", c.Int64("warmup") >= 0, "at least 0"},
		{"schedule", oneOf(c.String("schedule"), string(train.Cosine), string(train.Constant)), "cosine or constant"},
		{"loss", c.String("loss") == "" || oneOf(c.String("loss"), train.Losses()...), oneOfWords(train.Losses())},
		{"checkpoint", c.Duration("checkpoint") > 0, "above 0, such as 10m"},
		{"score", c.Duration("score") > 0, "above 0, such as 10m"},
	} {
		if !f.ok {
			return "", usagef("option --%s: %v is not allowed; it must be %s", f.name, c.Value(f.name), f.demand)
		}
	}
	return out, nil
}

func sameFolder(a, b string) bool {
	left, err := os.Stat(a)
	if err != nil {
		return false
	}
	right, err := os.Stat(b)
	return err == nil && os.SameFile(left, right)
}

// oneOfWords is "l1, mse or bce".
func oneOfWords(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func oneOf(word string, words ...string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

// commandLine is the command as typed, for the model card.
func (p *program) commandLine() string { return "restore " + strings.Join(p.args, " ") }
