package tasks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cae-restore/restore/tasks"
)

// TestSplitAssets: every fifth of each folder is held out, whatever is in the
// other folders.
func TestSplitAssets(t *testing.T) {
	t.Parallel()
	var list []tasks.Asset
	for _, n := range []struct {
		folder string
		n      int
	}{{"dirt", 11}, {"hair", 4}, {"hair/long", 5}} {
		for i := range n.n {
			list = append(list, tasks.Asset{Name: fmt.Sprintf("%s/%02d.png", n.folder, i)})
		}
	}
	learn, score := tasks.SplitAssets(list)
	var names []string
	for _, a := range score {
		names = append(names, a.Name)
	}
	if got := strings.Join(names, " "); got != "dirt/04.png dirt/09.png hair/long/04.png" || len(learn) != len(list)-3 {
		t.Errorf("held out are %s, and %d to learn from", got, len(learn))
	}
}
