package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Columns is the number of output samples that one matrix product covers. With
// at most rowBlock rows it keeps gonum's Sgemm under its threshold of four
// blocks of 64 by 64, so it starts no goroutines of its own.
const Columns = 192

const rowBlock = 64

var sgemm = gonum.Implementation{}.Sgemm

// Product sets c (m by n, rows ldc apart) to a*b, or adds it where add is set:
// a is m by k, b is k by n, both without gaps. n is at most Columns. Each
// element is summed over k in ascending order, whatever m and n are.
func Product(c []float32, ldc int, a, b []float32, m, n, k int, add bool) {
	if k == 0 { // a phase of a transposed convolution that no tap reaches
		for i := 0; i < m && !add; i++ {
			clear(c[i*ldc : i*ldc+n])
		}
		return
	}
	beta := float32(0)
	if add {
		beta = 1
	}
	for i := 0; i < m; i += rowBlock {
		rows := min(rowBlock, m-i)
		sgemm(blas.NoTrans, blas.NoTrans, rows, n, k, 1, a[i*k:], k, b, n, beta, c[i*ldc:], ldc)
	}
}

// ProductNT adds a*bᵀ to c (m by n, without gaps): a is m by k with rows lda
// apart, b is n by k without gaps.
func ProductNT(c, a []float32, lda int, b []float32, m, n, k int) {
	for i := 0; i < m; i += rowBlock {
		rows := min(rowBlock, m-i)
		for j := 0; j < n; j += Columns {
			cols := min(Columns, n-j)
			sgemm(blas.NoTrans, blas.Trans, rows, cols, k, 1, a[i*lda:], lda, b[j*k:], k, 1, c[i*n+j:], n)
		}
	}
}
