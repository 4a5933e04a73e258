"""Publishing: a release of the store becomes a dataset on the Hub that anybody can verify."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from ecomdata.cardmaking import CARD, Facts, kept_notes, make_card, shown_pictures
from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.given import names
from ecomdata.pathnames import safe_relative
from ecomdata.plainjson import LARGEST
from ecomdata.progress import Reporter, Silent
from ecomdata.published import PUBLISHED, PersonalData, dataset_of
from ecomdata.publishing.content import Card, contents, published_with
from ecomdata.publishing.copies import Copies
from ecomdata.publishing.copying import Copier
from ecomdata.publishing.guard import check_rights
from ecomdata.publishing.personal import treated
from ecomdata.publishing.plan import Ours, Plan, State, make_plan
from ecomdata.publishing.remote import Moved, Remote
from ecomdata.registry import loader
from ecomdata.release import open_release
from ecomdata.sources.hub_calls import ASKED, TOLD
from ecomdata.sources.hub_calls import endpoint as default_endpoint
from ecomdata.sources.plan import shown, some

if TYPE_CHECKING:
    import os

_REPO: Final = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)
_BRANCH: Final = re.compile(r"[\w-][\w./-]*", re.ASCII)
_MOVES: Final = 3
"""How often the plan is made again because somebody else committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What publishing did, or would do.

    Attributes:
        dataset: What was published.
        release: The release it was.
        server: The Hub's address.
        plan: The files, and what becomes of each.
        rights: Why it may be published.
        private: Whether only members of the repository see it.
        dry_run: Whether nothing was done.
        personal_data: What was found in the texts, and what became of it.
        layout: How the files relate to those of the store, in words.
        commit: The commit with all files; empty in a dry run.
        tag: The release's tag; empty in a dry run.
    """

    dataset: str
    release: str
    server: str
    plan: Plan
    rights: str
    private: bool
    dry_run: bool
    personal_data: PersonalData
    layout: str
    commit: str = ""
    tag: str = ""

    @property
    def url(self) -> str:
        """The page on the Hub."""
        return f"{shown(self.server)}/datasets/{self.plan.repo}"

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values."""
        wanted = {content.path: content.as_dict() for content in self.plan.contents}
        files = [
            {"path": path, "status": status, **wanted.get(path, {})}
            for path, status in self.plan.status.items()
        ]
        return {
            "dataset": self.dataset,
            "release": self.release,
            "repo": self.plan.repo,
            "url": self.url,
            "branch": self.plan.branch,
            "private": self.private,
            "rights": self.rights,
            "dry_run": self.dry_run,
            "personal_data": asdict(self.personal_data),
            "layout": self.layout,
            "commits": 0 if self.plan.done else 1,
            "bytes": self.plan.size,
            "files": files,
            "commit": self.commit,
            "tag": self.tag,
        }


def publish(  # noqa: PLR0913 - keyword-only, one an option
    name: str,
    repo_id: str,
    *,
    home: str | os.PathLike[str] | None = None,
    private: bool = True,
    branch: str = "main",
    endpoint: str | None = None,
    dry_run: bool = False,
    card_only: bool = False,
    hold_rights: bool = False,
    mask: bool = False,
    accept_personal_data: str | Sequence[str] = (),
    as_stored: bool = False,
    card: Card = make_card,
    confirm: Callable[[Publication], bool] | None = None,
    reporter: Reporter | None = None,
) -> Publication:
    """Publish what is loaded as a dataset repository on the Hub.

    One config per table. The files are written anew for the Hub first, once, with content-defined chunks and
    a page index, into copies in the home. Everything appears in one commit, which is tagged ``release-<id>``;
    the tree is then read back and every hash compared. Running it again after a failure sends what is
    missing, and when nothing is missing, nothing.

    Args:
        name: A loaded dataset.
        repo_id: ``OWNER/NAME``; made when it is not there.
        home: Where the store is.
        private: Whether a new repository is private. What one is that is there already does not change, and
            a public one is written to only with False.
        branch: The branch to commit to; made from the default branch when it is not there.
        endpoint: The Hub's address; default: ``HF_ENDPOINT``, else the public one. The token is
            ``HF_TOKEN``'s or that of ``hf auth login``.
        dry_run: Only plan, and write no copies: where one is missing, the plan has the store's file.
        card_only: Publish the card and ``ecomdata.json``, but no data.
        hold_rights: Declare to hold the rights to pass the data on, where its terms do not give them to
            everybody; that is recorded in what is published.
        mask: Publish copies of the tables in which each telephone number, e-mail address, token or key that
            was found is replaced by ``[phone]`` and the like. The store stays as it is.
        accept_personal_data: ``TABLE.COLUMN`` or ``TABLE.COLUMN:KIND``: what was found there is published as
            it is, which is recorded.
        as_stored: Send the store's files byte for byte, but for tables that something is masked in.
        card: Makes the card's files.
        confirm: Asked with the plan before anything is done; default: no question.
        reporter: Hears of progress.

    Returns:
        What was done, with the commit and the tag.

    Raises:
        UsageError: the dataset is not loaded, the repository's or branch's name cannot be one, or another
            dataset was published to the repository.
        AccessError: the terms do not let the data be passed on, or the token may not write there.
        DataError: personal data were found that are neither masked nor accepted, with the counts; or the
            store or what is on the Hub afterwards is not what the manifest says.
        EcomdataError: the network or the server gave up, with what is missing.
    """
    _check_names(repo_id, branch)
    dataset, release = loader(name), open_release(name, home=home)
    rights = check_rights(dataset, release.manifest, card_only=card_only, hold_rights=hold_rights)
    reporter = reporter or Silent()
    personal = treated(
        release,
        dataset,
        mask=mask,
        accepted=names(accept_personal_data),
        card_only=card_only,
        home=home,
        reporter=reporter,
    )
    remote = Remote(repo_id, branch, (endpoint or default_endpoint()).rstrip("/"))
    state = remote.look(asked=ASKED)  # nothing is at stake yet, and somebody waits
    private = _private(repo_id, state, private=private)
    remote.require_branch(state)
    _check_dataset(name, remote, state)
    copier = Copier(release, dataset, personal, as_stored=as_stored, home=home)
    with ExitStack() as stack:
        copies: Copies = {}
        if dry_run:
            if not state.commit and not remote.has_token():
                reporter.say(f"note: no token is set; {repo_id} would not be seen here if it is private")
            copies = {} if card_only else copier.planned()
        else:
            remote.require_token()  # before the work
            copies = {} if card_only else stack.enter_context(copier.made(reporter))
        shown = remote.read(state, CARD)
        facts = Facts(
            published=published_with(copies, release, dataset, rights, personal, card_only=card_only),
            repo=repo_id,
            notes=kept_notes(shown, f"{CARD} of {repo_id}", replaceable=True),
            reporter=reporter,
        )
        wanted = contents(release, dataset, card, facts, copies)
        tables = {*(table.name for table in dataset.tables), *release}
        ours = Ours(tables, shown_pictures(shown, facts.notes))
        planned = Publication(
            dataset=name,
            release=release.manifest.release,
            server=remote.server,
            plan=make_plan(repo_id, branch, state, wanted, ours),
            rights=rights,
            private=private,
            dry_run=dry_run,
            personal_data=personal.record,
            layout=facts.published.layout,
        )
        if dry_run:
            return planned
        if confirm is not None and not confirm(planned):
            raise EcomdataError(
                "nothing was published", hint="say yes, or give -y; --dry-run shows the plan alone"
            )
        message = f"{dataset.title}: release {planned.release} by ecomdata"
        state = _Run(remote, planned, ours, message, reporter).commit()
        unchanged = planned.plan if planned.plan.done else None
        tag = remote.tag(f"release-{release.manifest.release}", state.commit, unchanged)
        return replace(planned, commit=state.commit, tag=tag, private=state.private)


def _check_names(repo_id: str, branch: str) -> None:
    if not _REPO.fullmatch(repo_id):
        raise UsageError(
            f"{repo_id!r} is no name of a repository", hint="write OWNER/NAME, such as my-org/merrec"
        )
    if not _BRANCH.fullmatch(branch) or not safe_relative(branch) or branch.startswith("refs/"):
        raise UsageError(f"{branch!r} is no name of a branch", hint="use letters, digits, '.', '-' and '_'")


def _private(repo: str, there: State, *, private: bool) -> bool:
    """Whether the repository is or will be private; never public by accident."""
    if not there.commit or there.private:
        if there.commit and not private:
            raise UsageError(
                f"{repo} is there and private", hint="leave --public away, or change it in its settings"
            )
        return private
    if private:
        raise UsageError(
            f"{repo} is there and public, and publishing is private unless told otherwise",
            hint="--public says that this is meant",
        )
    return False


def _check_dataset(name: str, remote: Remote, state: State) -> None:
    """Refuse a repository of another dataset: its tables would stay, and the card would not know them."""
    there = dataset_of(remote.read(state, PUBLISHED, most=LARGEST))
    if there not in {"", name}:
        raise UsageError(
            f"{remote.repo} holds another dataset that was published with ecomdata, {there[:TOLD]!r}; "
            f"{name} would be mixed into it",
            hint="name another repository, which is made if it is not there; or delete the files of this one",
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """One publication, from plan to a commit that was read back."""

    remote: Remote
    planned: Publication
    ours: Ours
    message: str
    reporter: Reporter

    def commit(self) -> State:
        """Bring everything there; the repository as it is then."""
        plan = self.planned.plan
        if not plan.state.commit or not plan.state.branch_there:
            plan = self._again(
                self.remote.create(private=self.planned.private, branch_there=plan.state.branch_there)
            )
        for _ in range(_MOVES):
            if plan.done:
                return plan.state
            self.reporter.start("uploading", plan.size)
            additions = self.remote.upload(plan.sent, self.reporter)
            self.reporter.finish()
            self._require_private(public=self.remote.is_public())  # that may have taken hours
            try:
                state = self.remote.commit(plan, additions, self.message, self.reporter)
            except Moved as moved:
                plan = self._again(moved.state)
                continue
            if problems := plan.problems(state):
                raise DataError(
                    f"{self.planned.url} at {state.commit} is not what was sent: {some(problems)}",
                    hint="run the same command again; ecomdata verify compares once more",
                )
            return state
        raise EcomdataError(
            f"others keep committing to {self.planned.url}; nothing was committed here",
            hint="run the same command again when they have finished",
        )

    def _again(self, state: State) -> Plan:
        """The plan for a repository that has changed; what was not agreed to is not done."""
        self._require_private(public=not state.private)
        before = self.planned.plan
        plan = make_plan(before.repo, before.branch, state, before.contents, self.ours)
        # The card has the notes of the one that was there; what was written into it since would go.
        edited = [CARD] if before.state.commit and state.entry(CARD) != before.state.entry(CARD) else []
        if unseen := [*dict.fromkeys([*plan.exceeds(before), *edited])]:
            raise EcomdataError(
                f"{before.repo} has changed meanwhile: {some(unseen)} would be lost; nothing was committed",
                hint="run the same command again to see the new plan",
            )
        return plan

    def _require_private(self, *, public: bool) -> None:
        """Stop where the repository is public and was to be private.

        Raises:
            EcomdataError: somebody made it public meanwhile, or the server makes no private ones.
        """
        if public and self.planned.private:
            raise EcomdataError(
                f"{self.planned.url} is public now, and what is published was to be private; "
                "nothing was committed",
                hint="make it private in its settings, or say with --public that this is meant",
            )
