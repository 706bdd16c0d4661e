package report

import "github.com/cae-restore/restore/pipeline"

// Summary counts the pictures of a report, over all of its runs.
type Summary struct {
	Pictures   int     `json:"pictures"`
	Restored   int     `json:"restored"`
	Copied     int     `json:"copied"`
	Examined   int     `json:"examined"`
	Current    int     `json:"current"` // done by a run that had no report
	Skipped    int     `json:"skipped"` // other files have the names of their outputs
	Failed     int     `json:"failed"`
	Planned    int     `json:"planned"`
	Megapixels float64 `json:"megapixels"` // of what was restored, copied or examined

	// The means over those pictures that have a clean original and differ from
	// it before and after; nil where there are none.
	Compared   int      `json:"compared"`
	PSNRBefore *float64 `json:"psnr_before"`
	PSNRAfter  *float64 `json:"psnr_after"`

	before, after float64 // sums
}

// share is what one picture adds to the summary beside its outcome.
type share struct {
	megapixels, before, after float64
	compared                  bool
}

func shareOf(e *Entry) share {
	var s share
	if e.Outcome.Worked() {
		s.megapixels = float64(e.Width) * float64(e.Height) / 1e6
	}
	if t := e.Truth; t != nil && t.Before != nil && t.After != nil {
		s.compared, s.before, s.after = true, *t.Before, *t.After
	}
	return s
}

func (s *Summary) add(o pipeline.Outcome, part share) {
	s.Pictures++
	switch o {
	case pipeline.Restored:
		s.Restored++
	case pipeline.Copied:
		s.Copied++
	case pipeline.Examined:
		s.Examined++
	case pipeline.Current:
		s.Current++
	case pipeline.Skipped:
		s.Skipped++
	case pipeline.Failed:
		s.Failed++
	case pipeline.Planned:
		s.Planned++
	}
	s.Megapixels += part.megapixels
	if part.compared {
		s.Compared++
		s.before += part.before
		s.after += part.after
	}
}

// finish turns sums into means.
func (s *Summary) finish() {
	if s.Compared > 0 {
		before, after := s.before/float64(s.Compared), s.after/float64(s.Compared)
		s.PSNRBefore, s.PSNRAfter = &before, &after
	}
}
