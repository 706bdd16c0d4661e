package fit

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
)

// A stream of pairs, all numbers little-endian; docs/training.md describes it.
const (
	pairsMagic   = "RSTPAIRS" // then version, length of the JSON, JSON
	pairsVersion = 1

	pairsBatch = "BTCH" // begins the head of a batch
	pairsEnd   = "DONE" // begins the head of the end, which has no payload

	pairsHeadLen = 32 // bytes of such a head
	pairsWeights = 1  // flag: a weight for each sample of the target follows it
)

func dtypeName(d modelfile.DType) string {
	if d == modelfile.F16 {
		return "float16"
	}
	return "float32"
}

// headRecord is the beginning of a stream.
func headRecord(text []byte) []byte {
	b := append([]byte(nil), pairsMagic...)
	b = binary.LittleEndian.AppendUint32(b, pairsVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	return append(b, text...)
}

// endRecord says that the stream is whole. step is that after its last batch.
func endRecord(step int64) []byte {
	b := make([]byte, pairsHeadLen)
	sign(b, pairsEnd, 0, step)
	return b
}

// batchRecord is the batch of a step: its head, then the tensors' samples one
// after another. It uses buffer where that is large enough.
func batchRecord(buffer []byte, step int64, tensors []*cae.Tensor, weights bool, d modelfile.DType) ([]byte, error) {
	size := 4
	if d == modelfile.F16 {
		size = 2
	}
	length := pairsHeadLen
	for _, t := range tensors {
		length += len(t.Data) * size
	}
	b := slices.Grow(buffer[:0], length)[:length]
	at := b[pairsHeadLen:]
	for _, t := range tensors {
		if i := put(at, t.Data, d); i >= 0 {
			return nil, fmt.Errorf("a sample of a pair is %g, which %s does not hold", t.Data[i], dtypeName(d))
		}
		at = at[len(t.Data)*size:]
	}
	var flags uint32
	if weights {
		flags |= pairsWeights
	}
	sign(b, pairsBatch, flags, step)
	return b, nil
}

// sign fills in the head of a record: kind, flags, step, length of the payload,
// a zero, and the CRC-32 (IEEE 802.3) of payload and head up to there.
func sign(b []byte, kind string, flags uint32, step int64) {
	head := append(b[:0], kind...)
	head = binary.LittleEndian.AppendUint32(head, flags)
	head = binary.LittleEndian.AppendUint64(head, uint64(step))
	head = binary.LittleEndian.AppendUint64(head, uint64(len(b)-pairsHeadLen))
	head = binary.LittleEndian.AppendUint32(head, 0)
	sum := crc32.Update(crc32.ChecksumIEEE(head), crc32.IEEETable, b[pairsHeadLen:])
	binary.LittleEndian.AppendUint32(head, sum)
}

// put writes samples to dst, and returns the index of one that is not finite
// in type d, or -1.
func put(dst []byte, samples []float32, d modelfile.DType) int {
	if d == modelfile.F32 {
		for i, v := range samples {
			if v-v != 0 {
				return i
			}
			binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
		}
		return -1
	}
	for i, v := range samples {
		h := modelfile.ToHalf(v)
		if h&0x7c00 == 0x7c00 {
			return i
		}
		binary.LittleEndian.PutUint16(dst[2*i:], h)
	}
	return -1
}
