#!/usr/bin/env bash
# gocloud.dev's fileblob, which Pulumi keeps a state in a folder with, replaces a blob's file at once, but not the file of its
# attributes beside it: that one is emptied and then written. Whoever reads the blob in between gets the error "EOF", although
# the blob was there all the time and is whole before and after. In Pulumi a program that reads its own stack while the engine
# saves it (StackReference, readStackResourceOutputs) ends with "failed to load checkpoint: EOF"; so does any command that reads
# a stack which is being updated. Reading again helps. Buckets of a cloud are not concerned.
#
# Seen with gocloud.dev 0.46.0 and Pulumi 3.259.0. Writes one blob over and over and reads it beside that, until a read fails or
# 60 seconds are over. Needs Go 1.24 or newer, and network for the module. Ends with 0 while this is so, with 1 when it has
# changed.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"gocloud.dev/blob/fileblob"
)

func main() {
	ctx := context.Background()
	bucket, err := fileblob.OpenBucket(os.Args[1], &fileblob.Options{NoTempDir: true})
	if err != nil {
		panic(err)
	}
	content := []byte("whole")
	if err := bucket.WriteAll(ctx, "state.json", content, nil); err != nil {
		panic(err)
	}
	go func() {
		for {
			_ = bucket.WriteAll(ctx, "state.json", content, nil)
		}
	}()
	reads := 0
	for end := time.Now().Add(time.Minute); time.Now().Before(end); reads++ {
		if _, err := bucket.ReadAll(ctx, "state.json"); err != nil {
			fmt.Println("read", reads, "of a blob that is always there:", err)
			return
		}
	}
	fmt.Println(reads, "reads, none failed")
	os.Exit(1)
}
GO
go mod init probe >/dev/null 2>&1
go get gocloud.dev@v0.46.0 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
mkdir bucket
go run . "$PWD/bucket"
