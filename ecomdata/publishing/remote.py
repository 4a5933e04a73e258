"""A dataset repository that is written to, through huggingface_hub.

Files go up first, as LFS objects that no reader sees; one commit then shows them all, the card with them.
Errors go on without their cause: its text is the server's and has addresses of uploads, which are signed.
huggingface_hub waits and tries again when an upload meets 429 or 5xx, but never repeats a commit: whether one
whose answer was lost did happen can only be told from the files that are there, so that is looked at first.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import huggingface_hub as hub
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, constants
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils import (  # documented, but not in its __all__
    build_hf_headers,
)

from ecomdata import __version__
from ecomdata.cardmaking import CARD
from ecomdata.errors import AccessError, DataError, EcomdataError, UsageError
from ecomdata.interrupts import as_they_end
from ecomdata.progress import Reporter
from ecomdata.publishing.content import Content, check_bytes, require_there
from ecomdata.publishing.discreet import hushed, reason
from ecomdata.publishing.plan import Plan, State
from ecomdata.sources.hub_calls import (
    NETWORK,
    SPOKEN,
    STRANGE,
    Address,
    asked_to_wait,
    explained,
    patiently,
    session,
    status_of,
    strange,
    token_only_to,
    token_refused,
)
from ecomdata.sources.hub_client import LARGEST_TEXT, files_of, small_text
from ecomdata.sources.patience import LONGEST, RETRIED, Patience
from ecomdata.sources.plan import COMMIT, shown

PATIENCE: Final = Patience()
_ENDPOINT: Final = "check HF_ENDPOINT or --endpoint"
_COMMITS: Final = 6
"""How often a commit is sent at most."""
_BATCH_BYTES: Final = 32 << 20
_BATCH_FILES: Final = 64
_SIDE_BY_SIDE: Final = 4
_AGAIN: Final = frozenset({409, 412, *RETRIED})
"""Statuses of a commit after which it may be sent once more."""


class Moved(Exception):  # noqa: N818 - a reason to plan again, not yet an error
    """Somebody else committed to the branch, or changed who sees it; the state is the new one."""

    def __init__(self, state: State) -> None:
        super().__init__(state.commit)
        self.state = state


class Remote:
    """One branch of a dataset repository.

    Args:
        repo: ``OWNER/NAME``.
        branch: The branch that is written to.
        server: The Hub's address.
    """

    def __init__(self, repo: str, branch: str, server: str) -> None:
        self.repo = repo
        self.branch = branch
        self.server = server
        self._api = hub.HfApi(endpoint=server, library_name="ecomdata", library_version=__version__)
        self._address = Address(repo, branch, "")

    def look(self, revision: str = "", *, asked: int = _COMMITS) -> State:
        """The repository as it is, at the branch or at another revision; it is asked for so often.

        Where the branch is missing: as it is on the default branch, where the branch will begin.
        """
        with self._explaining():
            try:
                return self._state(revision or self.branch, asked, branch_there=True)
            except hub_errors.RevisionNotFoundError:
                return self._state(None, asked, branch_there=False)
            except hub_errors.GatedRepoError:
                raise
            except hub_errors.RepositoryNotFoundError:
                return State()

    def _state(self, revision: str | None, asked: int, *, branch_there: bool) -> State:
        info = patiently(
            lambda: self._api.dataset_info(self.repo, revision=revision, timeout=30), PATIENCE, asked=asked
        )
        commit = str(info.sha or "")
        if commit and not COMMIT.fullmatch(commit):
            raise EcomdataError(f"{self.server} names no commit of {self.repo}", hint="check HF_ENDPOINT")
        # Version 1 of huggingface_hub does not try listings again.
        files = patiently(lambda: files_of(self._api, Address(self.repo, "", ""), commit), PATIENCE)
        entries = {entry.path: entry for entry in files}
        return State(commit, private=bool(info.private), branch_there=branch_there, entries=entries)

    def is_public(self) -> bool:
        """Whether everybody sees the repository now."""
        with self._explaining():
            return not patiently(lambda: self._api.dataset_info(self.repo, timeout=30), PATIENCE).private

    def read(self, state: State, path: str, *, most: int = LARGEST_TEXT) -> str:
        """The text of a file of so many bytes in a state of the repository; empty where it is not there.

        Raises:
            DataError: it is no text, or larger.
        """
        entry = state.entry(path)
        with self._explaining():
            return small_text(entry, self.repo, state.commit, self.server, most=most) if entry else ""

    def has_token(self) -> bool:
        """Whether a token is set; without one no private repository is seen."""
        return hub.get_token() is not None

    def require_token(self) -> None:
        """Fail early where nothing could be written.

        Raises:
            AccessError: no token is set.
        """
        if not self.has_token():
            raise AccessError(
                f"publishing to {self.server} needs a token, and none is set",
                hint="run `hf auth login`, or set HF_TOKEN to a token that can write",
            )

    def require_branch(self, state: State) -> None:
        """Fail early where what was found by the branch's name takes no commit.

        Raises:
            UsageError: it is a tag or a commit.
        """
        if not state.branch_there or self.branch == constants.DEFAULT_REVISION:
            return
        if self.branch not in {ref.name for ref in self._refs().branches}:
            raise UsageError(
                f"{self.branch} is a tag or a commit of {self.repo}, and only a branch takes commits",
                hint="name a branch with --revision, or leave it away for main",
            )

    def _refs(self) -> hub.GitRefs:
        with self._explaining():
            return patiently(lambda: self._api.list_repo_refs(self.repo, repo_type="dataset"), PATIENCE)

    def create(self, *, private: bool, branch_there: bool) -> State:
        """Make the repository and the branch where they are missing, and return what is there then."""
        with self._explaining():
            patiently(
                lambda: self._api.create_repo(self.repo, repo_type="dataset", private=private, exist_ok=True),
                PATIENCE,
            )
            if self.branch != constants.DEFAULT_REVISION and not branch_there:
                patiently(
                    lambda: self._api.create_branch(
                        self.repo, branch=self.branch, repo_type="dataset", exist_ok=True
                    ),
                    PATIENCE,
                )
        return self.look()

    def upload(self, contents: Sequence[Content], reporter: Reporter) -> list[CommitOperationAdd]:
        """Send what the server does not have, seen by no reader yet; what to put into the commit.

        Raises:
            EcomdataError: some files could not be sent; the message names them.
            DataError: a file in the store is not what its manifest says, or a copy not what was written.
        """
        operations = {one.path: CommitOperationAdd(one.path, _source(one)) for one in contents}
        with self._plain_http_where_needed(reporter), hushed(), token_only_to(self.server):
            failed, _ = self._send(_batches(contents), operations, reporter)
            # Each for itself: the server has had time, and it shows which ones are really missing.
            missing, why = self._send([[one] for one in failed], operations, reporter)
        if missing:
            names = [one.path for one in missing]
            raise EcomdataError(
                f"{len(names)} of {len(contents)} files did not reach {self.server} ({why}): "
                f"{', '.join(names)}; nothing was committed, readers see what was there before",
                hint="run the same command again: it sends only what is missing",
            )
        return list(operations.values())

    def _send(
        self,
        batches: Iterable[Sequence[Content]],
        operations: dict[str, CommitOperationAdd],
        reporter: Reporter,
    ) -> tuple[list[Content], str]:
        """Send batches side by side; the files of those that failed in a way that may pass, and why."""
        failed: list[Content] = []
        why = ""
        pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="upload")
        try:
            running: dict[Future[None], Sequence[Content]] = {
                pool.submit(self._send_batch, batch, operations): batch for batch in batches
            }
            for done in as_they_end(running):
                if error := self._passing(done):
                    why = reason(error)
                    failed += running[done]
                else:
                    reporter.advance(size=sum(one.size for one in running[done]))
        finally:
            # After Ctrl-C, or an error that ends it all, nobody waits for uploads on their way.
            pool.shutdown(wait=False, cancel_futures=True)
        return failed, why

    def _passing(self, done: Future[None]) -> BaseException | None:
        """What went wrong with a batch, where that may pass; None where nothing did."""
        try:
            done.result()
        except EcomdataError:
            raise
        except (RuntimeError, ValueError, OSError, *SPOKEN, *NETWORK) as error:
            if status_of(error) in {401, 403}:
                raise self._explained(error) from None
            return error
        except STRANGE as error:
            raise strange(error, self.server, _ENDPOINT) from None
        return None

    def _send_batch(self, batch: Sequence[Content], operations: dict[str, CommitOperationAdd]) -> None:
        chosen = [operations[one.path] for one in batch]
        for content, operation in zip(batch, chosen, strict=True):
            where = content.path if isinstance(content.source, bytes) else content.source
            info = operation.upload_info
            check_bytes(where, info.size, info.sha256.hex(), content)
        self._api.preupload_lfs_files(
            self.repo,
            additions=chosen,
            repo_type="dataset",
            revision=self.branch,
            num_threads=_SIDE_BY_SIDE,
            free_memory=False,
        )

    def commit(
        self, plan: Plan, additions: Sequence[CommitOperationAdd], message: str, reporter: Reporter
    ) -> State:
        """Make one commit of everything, and return the repository with it.

        Raises:
            Moved: somebody else committed meanwhile.
            EcomdataError: it could not be made.
        """
        deletions = [CommitOperationDelete(path, is_folder=False) for path in plan.deleted]
        for tries in range(1, _COMMITS + 1):
            try:
                with hushed():
                    info = self._api.create_commit(
                        self.repo,
                        operations=[*additions, *deletions],
                        commit_message=message,
                        repo_type="dataset",
                        revision=self.branch,
                        parent_commit=plan.state.commit,
                    )
                return self.look(info.oid if COMMIT.fullmatch(info.oid) else "")
            except (RuntimeError, *STRANGE, *SPOKEN, *NETWORK) as error:
                now = self._after(error, plan, tries, reporter)
            if now is not None:
                return now
        raise AssertionError  # the last round returned or raised

    def _after(self, error: BaseException, plan: Plan, tries: int, reporter: Reporter) -> State | None:
        """What a failed commit comes to: the state in which it is, or None to send it once more."""
        if isinstance(error, ValueError) and CARD in str(error):
            raise DataError(f"the Hub does not accept the card: {error}") from None
        if status_of(error) not in {0, *_AGAIN}:
            raise self._explained(error) from None
        wait = max(asked_to_wait(error), PATIENCE.wait(tries))
        if wait <= LONGEST and tries < _COMMITS:
            reporter.say(f"note: the commit met {reason(error)}; looking again in {wait:.0f} s")
            time.sleep(wait)
        now = self.look()
        if not plan.problems(now):
            return now  # it did happen, and its answer was lost
        if (now.commit, now.private) != (plan.state.commit, plan.state.private):
            raise Moved(now) from error
        if wait > LONGEST or tries == _COMMITS:
            patience = f", and asks to wait for {wait:.0f} s" if wait > LONGEST else ""
            raise EcomdataError(
                f"{self.server} did not take the commit ({reason(error)}){patience}; all files have arrived"
                ", but readers see what was there before",
                hint="run the same command again: no file is sent twice",
            ) from None
        return None

    def tag(self, name: str, commit: str, unchanged: Plan | None = None) -> str:
        """Tag a commit ``name``, or ``name-2`` and so on where that is taken; the tag it has then.

        Where there was nothing to commit (the plan says what is there) the tag of before stays, if what it
        names has the same files: the commit is somebody else's.
        """
        taken = {ref.name: ref.target_commit for ref in self._refs().tags}
        tag, before, number = name, "", 1
        while taken.get(tag, commit) != commit:
            number += 1
            tag, before = f"{name}-{number}", tag
        if tag in taken:
            return tag
        if unchanged and before and not unchanged.problems(self.look(taken[before])):
            return before
        with self._explaining():
            patiently(
                lambda: self._api.create_tag(
                    self.repo, tag=tag, revision=commit, repo_type="dataset", exist_ok=True
                ),
                PATIENCE,
                asked=_COMMITS,
            )
        return tag

    @contextmanager
    def _plain_http_where_needed(self, reporter: Reporter) -> Generator[None]:
        """Turn Xet off while uploading to a server that has none: huggingface_hub would only fail."""
        before = constants.HF_HUB_DISABLE_XET
        if not before and not self._has_xet():
            reporter.say(
                f"note: {shown(self.server)} has no Xet; uploading over plain HTTP (HF_HUB_DISABLE_XET=1)"
            )
            constants.HF_HUB_DISABLE_XET = True
        try:
            yield
        finally:
            constants.HF_HUB_DISABLE_XET = before

    def _has_xet(self) -> bool:
        url = f"{self.server}/api/datasets/{self.repo}/xet-write-token/{self.branch.replace('/', '%2F')}"
        with self._explaining():
            return bool(
                patiently(lambda: session().get(url, headers=build_hf_headers()), PATIENCE).is_success
            )

    @contextmanager
    def _explaining(self) -> Generator[None]:
        try:
            yield
        except (*SPOKEN, *NETWORK, OSError) as error:
            raise self._explained(error) from None
        except hub_errors.HFValidationError as error:
            raise UsageError(f"{self.repo} cannot be the name of a repository: {error}") from None
        except STRANGE as error:
            raise strange(error, self.server, _ENDPOINT) from None

    def _explained(self, error: BaseException) -> EcomdataError:
        status = status_of(error)
        gated = isinstance(error, hub_errors.GatedRepoError)
        if status in {401, 403} and not gated and not token_refused(error):
            return AccessError(
                f"{self.server} does not let this token write to {self.repo} (status {status})",
                hint="check the owner's name; set HF_TOKEN to a token that can write there",
            )
        return explained(error, self._address, self.server)


def _source(content: Content) -> str | bytes:
    if isinstance(content.source, bytes):
        return content.source
    require_there(content.source)
    return str(content.source)


def _batches(contents: Sequence[Content]) -> Iterator[list[Content]]:
    """Few requests for many small files; large ones each by itself."""
    batch: list[Content] = []
    size = 0
    for content in contents:
        if batch and (size + content.size > _BATCH_BYTES or len(batch) == _BATCH_FILES):
            yield batch
            batch = []
            size = 0
        batch.append(content)
        size += content.size
    if batch:
        yield batch
