package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cae-restore/restore/pipeline"
)

// AwayPause is the time between looks for a watched folder that is away. One that
// is there is looked at every FallbackPoll, as no event tells that another has been
// mounted in its place.
const AwayPause = 5 * time.Second

// root looks at the watched folder itself. It reports whether it can be read, and
// whether it has come back or another is in its place, so that all of it has to
// be looked through. While it is away, nothing is known of what is in it, and
// no file in it has failed.
func (s *Source) root() (there, anew bool) {
	id, err := s.probe()
	if err != nil {
		s.lose(err)
		return false, false
	}
	if known := s.folders["."]; s.away != nil || known != nil && known.id != id {
		anew = true
		s.away = nil
		s.abandon()
		if real, err := pipeline.RealPath(s.dir); err == nil { // it may be a link
			s.real = real
		}
		s.notify(Event{Kind: Back, Path: s.dir})
	}
	s.rootAt = time.Now().Add(FallbackPoll)
	return true, anew
}

// probe tries to read the watched folder: all of it if it was away, so that one
// that can be read in part does not come and go.
func (s *Source) probe() (id fileID, err error) {
	dir, err := os.Open(s.dir)
	if err != nil {
		return id, err
	}
	defer dir.Close()
	info, err := dir.Stat()
	if err != nil {
		return id, err
	}
	n := 1
	if s.away != nil {
		n = -1
	}
	if _, err := dir.ReadDir(n); err != nil && !errors.Is(err, io.EOF) {
		return id, err
	}
	return idOf(info), nil
}

// lose takes note that the watched folder is away.
func (s *Source) lose(err error) {
	s.rootAt = time.Now().Add(s.awayPause)
	if s.away != nil {
		return
	}
	s.away = err
	s.abandon()
	if !s.Once {
		s.notify(Event{Kind: Away, Path: s.dir, Err: err, Wait: s.awayPause})
	}
}

// abandon forgets all that is known of the folder, and ends its watches. Files in
// flight are forgotten when they land.
func (s *Source) abandon() {
	s.settle(false)
	for rel, f := range s.folders {
		if f.watched {
			_ = s.notifier.Remove(s.path(rel)) // it has mostly ended by itself
		}
	}
	clear(s.folders)
	clear(s.reals)
	for _, rel := range s.under(".") {
		s.forget(rel)
	}
}

// rootGone reports whether what cannot be looked at is the watched folder itself.
func (s *Source) rootGone() bool {
	_, err := os.Stat(s.dir)
	return err != nil
}

// punctualRoot looks at the watched folder when that is due.
func (s *Source) punctualRoot(ctx context.Context, now time.Time) {
	if now.Before(s.rootAt) {
		return
	}
	if _, anew := s.root(); anew {
		s.scanAll(ctx)
	}
}

// Err returns why a source with Options.Once ended before its time, or nil: the
// watched folder went away. It is of pipeline.KindEnvironment. Call it after the
// iteration.
func (s *Source) Err() error {
	if s.away == nil || !s.Once {
		return nil
	}
	return &pipeline.Error{Kind: pipeline.KindEnvironment, Item: s.dir, Err: fmt.Errorf("the watched folder has gone: %w", s.away)}
}
