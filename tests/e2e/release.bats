# SPDX-License-Identifier: BSD-2-Clause
# The release archive, and the version.

ROOT=$BATS_TEST_DIRNAME/../..

# This tree as it is, committed to a repository of its own.
commit_tree_to() {
	mkdir "$1"
	git -C "$ROOT" ls-files -z --cached --others --exclude-standard |
		tar -c -C "$ROOT" --null --verbatim-files-from --ignore-failed-read -T - | tar -x -C "$1"
	git -C "$1" -c init.defaultBranch=main init -q
	git -C "$1" add --all
	git -C "$1" -c user.name=a -c user.email=a@b.example commit -q -m one
}

@test "a release archive is the same bytes from every clone" {
	cd "$BATS_TEST_TMPDIR"
	commit_tree_to one
	git clone -q one two
	git -C two config core.abbrev 20
	git -C two config tar.umask 0077
	make -C one --no-print-directory -s dist
	(umask 077 && TZ=Asia/Tokyo make -C two --no-print-directory -s dist)
	archive=build/kubemoat-$(one/scripts/version).tar.gz
	cmp "one/$archive" "two/$archive"
}

@test "a release archive of changes not yet committed holds them, and is the same bytes each time" {
	cd "$BATS_TEST_TMPDIR"
	commit_tree_to one
	echo changed >> one/README.md
	make -C one --no-print-directory -s dist
	archive=one/build/kubemoat-$(one/scripts/version).tar.gz
	[[ $archive = *-dirty.tar.gz ]]
	tar -x -O -f "$archive" --wildcards '*/README.md' | grep -x changed
	mv "$archive" first
	# Time is in what git makes of the changes.
	touch -d yesterday one/README.md
	GIT_COMMITTER_DATE='2001-01-01 00:00 +0000' make -C one --no-print-directory -s dist
	cmp first "$archive"
}

@test "built from the release archive, without git, in another directory: the same binary" {
	make -C "$ROOT" --no-print-directory -s -j"$(nproc)" all dist
	version=$("$ROOT/build/kubemoat" --version)
	version=${version#kubemoat }
	tar -x -C "$BATS_TEST_TMPDIR" -f "$ROOT/build/kubemoat-$version.tar.gz"
	cd "$BATS_TEST_TMPDIR/kubemoat-$version"
	GIT_DIR=/nowhere make --no-print-directory -s -j"$(nproc)"
	cmp build/kubemoat "$ROOT/build/kubemoat"
	for question in --commit --time; do
		[ "$(GIT_DIR=/nowhere scripts/version $question)" = "$("$ROOT/scripts/version" $question)" ]
	done
}

@test "the version follows the last tag, in Debian's order too" {
	cd "$BATS_TEST_TMPDIR"
	mkdir scripts
	cp "$ROOT/scripts/version" scripts/
	[ "$(GIT_DIR=/nowhere scripts/version)" = unknown ]
	git -c init.defaultBranch=main init -q .
	commit() {
		git -c user.name=a -c user.email=a@b.example commit -q --allow-empty -m "$1"
	}
	git add scripts
	commit one
	[ "$(scripts/version)" = "0.0.0-1-g$(git rev-parse --short=10 HEAD)" ]
	[ "$(scripts/version --commit)" = "$(git rev-parse HEAD)" ]
	[ "$(scripts/version --time)" = "$(git log -1 --format=%ct)" ]
	[ "$(SOURCE_DATE_EPOCH=7 scripts/version --time)" = 7 ]
	git tag v1.2.0-rc1
	[ "$(scripts/version)" = 1.2.0-rc1 ]
	commit two
	[ "$(scripts/version)" = "1.2.0-rc1-1-g$(git rev-parse --short=10 HEAD)" ]
	echo >> scripts/version
	[[ $(scripts/version) = *-dirty ]]
	before=0
	for version in 0.0.0-9-gabc 1.2.0-rc1 1.2.0-rc1-1-gabc 1.2.0 1.2.0-2-gabc 1.2.0-10-gabc 1.2.1; do
		debian=$(scripts/version --debian "$version")
		dpkg --compare-versions "$before" lt "$debian"
		before=$debian
	done
}
