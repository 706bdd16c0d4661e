// Package watch is a folder as an endless source of the pipeline: pictures that
// come into it are restored as they come.
//
// Events of the file system are hints, scans are the truth. A scan of the whole
// folder comes first, then one at intervals and one whenever events were lost;
// a folder that appears is watched first and then looked through, so nothing
// that was put into it meanwhile is missed. Where the file system sends no
// events, or the system's limit of watches is reached, scans alone find
// everything, only later.
//
// A file goes through these states:
//
//	settling -> queued -> in flight -> ended
//	    ^                    |  ^
//	    |                    v  |
//	    +---- changed ---- waiting (failed as an unfinished file does)
//
// It settles when its size, time and identity have stayed the same for the settle
// time. Clocks of file servers are not trusted: only what was seen here at two
// moments is compared. A file that then fails as one does that is still being
// written is tried again with growing pauses, and is reported as failed after
// the last; one that was there from the start and has not changed for minutes, at
// once. Whatever changes begins anew, from any state.
//
// Memory grows with the number of files in the folder, by some two
// hundred bytes each, and not with what is in them or how many events come.
package watch
