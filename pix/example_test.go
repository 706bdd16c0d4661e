package pix_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"log"
	"os"

	"github.com/cae-restore/restore/pix"
)

// A picture from any program goes through a file and comes back.
func Example() {
	src := image.NewRGBA(image.Rect(0, 0, 4, 2))
	src.Set(1, 0, color.RGBA{R: 200, G: 100, B: 50, A: 255})
	m := pix.FromImage(src)
	m.Alpha = nil // an RGBA image begins as transparent

	var file bytes.Buffer
	if err := pix.Encode(&file, m, pix.EncodeOptions{Format: "png"}); err != nil {
		log.Fatal(err)
	}
	back, err := pix.Decode(&file, pix.DefaultLimits)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back.Meta.Format, back.W, back.H, back.Planes[0][1]/257, back.ToImage().At(1, 0))
	// Output: png 4 2 200 {200 100 50 255}
}

// Errors tell apart what a batch treats differently.
func ExampleDecode_errors() {
	_, err := pix.Decode(bytes.NewReader([]byte("no picture")), pix.Limits{MaxPixels: 1e6})
	switch {
	case errors.Is(err, pix.ErrFormat):
		fmt.Println("skip:", err)
	case err != nil:
		log.Fatal(err)
	}
	// Output: skip: not a picture in a format that can be read: its content is none of jpeg, png, tiff, webp, gif, bmp
}

func ExamplePSNR() {
	a, b := pix.New(16, 16, 1), pix.New(16, 16, 1)
	for i := range b.Planes[0] {
		b.Planes[0][i] = 2 * 257 // two steps of 8 bits brighter
	}
	db, err := pix.PSNR(a, b)
	if err != nil {
		log.Fatal(err)
	}
	similarity, err := pix.SSIM(a, b)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f dB, SSIM %.3f\n", db, similarity)
	// Output: 42.11 dB, SSIM 0.619
}

// The result of a picture is written in the format that it was read from, where
// that can be written.
func ExampleOutputFormat() {
	for _, from := range []string{"tiff", "gif"} {
		format, ext, err := pix.OutputFormat(pix.Meta{Format: from}, "")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintln(os.Stdout, from, "becomes", format, "with the ending", ext)
	}
	// Output:
	// tiff becomes tiff with the ending .tif
	// gif becomes png with the ending .png
}
