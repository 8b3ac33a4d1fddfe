// Command go_verifier checks a log of pitboss with the code that guards Go's own modules.
//
//	go_verifier FOLDER VKEY [OLD_CHECKPOINT ...]
//
// Signatures, tiles, roots and growth are checked by golang.org/x/mod/sumdb alone.  What is ours
// is where files lie (C2SP leaves out the tile height that Go writes into paths) and how bundles
// are cut into entries.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height, width = 8, 1 << 8

// folder is a log's tiles as Go reads them.
type folder string

func (f folder) Height() int { return height }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := f.read(tile)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f folder) read(tile tlog.Tile) ([]byte, error) {
	path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	path = strings.Replace(path, "tile/data/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(string(f), path))
	if partial := fmt.Sprintf(".p/%d", tile.W); errors.Is(err, os.ErrNotExist) && tile.W < width {
		// Once the full one is there, the partial one, which it begins with, may be gone.
		full, fullErr := os.ReadFile(filepath.Join(string(f), strings.TrimSuffix(path, partial)))
		if fullErr == nil {
			return cut(tile, full)
		}
	}
	return data, err
}

// cut returns the beginning of a full tile or bundle that a partial one has.
func cut(tile tlog.Tile, full []byte) ([]byte, error) {
	end := tile.W * tlog.HashSize
	if tile.L == -1 {
		end = 0
		for i := 0; i < tile.W && len(full)-end >= 2; i++ {
			end += 2 + int(binary.BigEndian.Uint16(full[end:]))
		}
	}
	if end > len(full) {
		return nil, fmt.Errorf("%s is cut", tile.Path())
	}
	return full[:end], nil
}

// open checks who signed a checkpoint, then reads it.
func open(path string, verifier note.Verifier) (tlog.Tree, error) {
	message, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of " + verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, errors.New("the root is not a hash")
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree, nil
}

// checkBundle compares each entry of a bundle with the leaf that Go has proven from the tiles.
func checkBundle(f folder, hashes tlog.HashReader, bundle tlog.Tile) error {
	first := bundle.N * width
	indexes := make([]int64, bundle.W)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
	}
	leaves, err := hashes.ReadHashes(indexes)
	if err != nil {
		return err
	}
	data, err := f.read(bundle)
	if err != nil {
		return err
	}
	for i, leaf := range leaves {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return fmt.Errorf("entry %d is cut", first+int64(i))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		if found := tlog.RecordHash(data[2:end]); !bytes.Equal(found[:], leaf[:]) {
			return fmt.Errorf("entry %d: %v is in the tree, and the entry gives %v", first+int64(i), leaf, found)
		}
		data = data[end:]
	}
	if len(data) != 0 {
		return fmt.Errorf("bundle %d goes on after its last entry", bundle.N)
	}
	return nil
}

// checkGrowth proves that a tree has grown from an earlier one.
func checkGrowth(hashes tlog.HashReader, old, tree tlog.Tree) error {
	if old.N == 0 || old.N > tree.N {
		return fmt.Errorf("a tree of %d does not grow into one of %d", old.N, tree.N)
	}
	proof, err := tlog.ProveTree(tree.N, old.N, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

func verify(f folder, vkey string, olds []string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	tree, err := open(filepath.Join(string(f), "checkpoint"), verifier)
	if err != nil {
		return tree, err
	}
	hashes := tlog.TileHashReader(tree, f)
	for first := int64(0); first < tree.N; first += width {
		bundle := tlog.Tile{H: height, L: -1, N: first / width, W: width}
		if tree.N-first < width {
			bundle.W = int(tree.N - first)
		}
		if err := checkBundle(f, hashes, bundle); err != nil {
			return tree, err
		}
	}
	for _, path := range olds {
		old, err := open(path, verifier)
		if err == nil {
			err = checkGrowth(hashes, old, tree)
		}
		if err != nil {
			return tree, fmt.Errorf("%s: %w", path, err)
		}
	}
	return tree, nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: go_verifier FOLDER VKEY [OLD_CHECKPOINT ...]")
		os.Exit(2)
	}
	tree, err := verify(folder(os.Args[1]), os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Println("WRONG:", err)
		os.Exit(1)
	}
	fmt.Printf("Go agrees: %d entries, root %v, grown from %d\n", tree.N, tree.Hash, len(os.Args)-3)
}
