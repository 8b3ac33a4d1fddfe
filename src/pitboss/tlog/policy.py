"""Policies: which logs are believed, and which witnesses must have seen what they say.

Lines `log <vkey> [<url>]`, `witness <name> <vkey> [<url>]`, `group <name> all|any|<k> <member>...`
and one `quorum <name>|none`.  Source: C2SP tlog-policy.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from pitboss.tlog.checkpoints import OpenedCheckpoint, open_checkpoint
from pitboss.tlog.cosignatures import verifier_of
from pitboss.tlog.errors import QuorumMissed, Unreadable, Unsigned
from pitboss.tlog.keys import COSIGNATURE_ED25519, ED25519, VerifierKey, parse_verifier_key
from pitboss.tlog.notes import Note
from pitboss.tlog.writing import decode_text, parse_number, show

NONE = "none"
POLICY_BYTES_MAX = 64 * 1024
MEMBERS_MAX = 256

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A log or a witness: its key, and where it is asked if that is known."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Says yes if so many of its members, witnesses or other groups, say yes."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The logs and witnesses that are known, and the quorum: a name, or `none`."""

    logs: tuple[Peer, ...]
    witnesses: dict[str, Peer]
    groups: dict[str, Group]
    quorum: str

    def is_met(self, cosigners: Collection[str]) -> bool:
        """Say whether these witnesses, by their names in the policy, are a quorum."""
        return self.quorum == NONE or self._says_yes(self.quorum, cosigners)

    def open(self, note: str | bytes | Note) -> OpenedCheckpoint:
        """Check a checkpoint against the policy, and return it.

        Raises:
            Unsigned: no log of the policy has signed it under the origin that it has.
            QuorumMissed: too few witnesses have cosigned it.
            BadSignature: a signature that names a known key is not its.
            Unreadable: it is no checkpoint.
        """
        peers = (*self.logs, *self.witnesses.values())
        opened = open_checkpoint(note, [verifier_of(peer.key) for peer in peers])
        signed = {(line.name, line.key_id) for line in opened.signatures}
        origin = opened.checkpoint.origin
        if not any((log.key.name, log.key.id) in signed for log in self.logs_of(origin)):
            raise Unsigned(f"no log of the policy has signed as {show(origin)}")
        cosigners = [
            name for name, peer in self.witnesses.items() if (peer.key.name, peer.key.id) in signed
        ]
        if not self.is_met(cosigners):
            named = ", ".join(cosigners) or "nobody"
            raise QuorumMissed(f"cosigned by {named}, and the quorum {self.quorum} asks for more")
        return opened

    def logs_of(self, origin: str) -> list[Peer]:
        """Return the keys of the log with this origin; two while one replaces the other."""
        return [log for log in self.logs if log.key.name == origin]

    def _says_yes(self, name: str, cosigners: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in cosigners
        return sum(self._says_yes(member, cosigners) for member in group.members) >= group.needed


def parse_policy(policy: str | bytes) -> Policy:
    """Read a policy.

    Raises:
        Unreadable: a line is not one, names what no line before it defines, or says twice what
            may be said once; or there is no quorum.
    """
    text = decode_text(policy, what="policy", bytes_max=POLICY_BYTES_MAX)
    if _CONTROL.search(text):
        raise Unreadable("policy", "it has control characters")
    draft = _Draft()
    for number, line in enumerate(text.split("\n"), start=1):
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if words and not words[0].startswith("#"):
            draft.read(words, where=f"policy line {number}")
    if draft.quorum is None:
        raise Unreadable("policy", "there is no quorum line")
    return Policy(
        logs=tuple(draft.logs),
        witnesses=draft.witnesses,
        groups=draft.groups,
        quorum=draft.quorum,
    )


@dataclass(slots=True)
class _Draft:
    """A policy of which some lines have been read."""

    logs: list[Peer] = field(default_factory=list)
    witnesses: dict[str, Peer] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str | None = None
    members: set[str] = field(default_factory=set)

    def read(self, words: list[str], *, where: str) -> None:
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self._add_log(key, url, where=where)
            case ["witness", name, key, *url] if len(url) <= 1:
                self._add_witness(name, key, url, where=where)
            case ["group", name, needed, *members] if members:
                self._add_group(name, needed, members, where=where)
            case ["quorum", name]:
                self._set_quorum(name, where=where)
            case _:
                raise Unreadable(where, f"{show(' '.join(words))} is not a line of a policy")

    def _add_log(self, key: str, url: list[str], *, where: str) -> None:
        peer = _peer(key, url, kind=ED25519, where=where)
        if any(log.key.public == peer.key.public for log in self.logs):
            raise Unreadable(where, "another log has the same key")
        self.logs.append(peer)

    def _add_witness(self, name: str, key: str, url: list[str], *, where: str) -> None:
        self._check_new(name, where=where)
        peer = _peer(key, url, kind=COSIGNATURE_ED25519, where=where)
        if any(witness.key.public == peer.key.public for witness in self.witnesses.values()):
            raise Unreadable(where, "another witness has the same key")
        self.witnesses[name] = peer

    def _add_group(self, name: str, needed: str, members: list[str], *, where: str) -> None:
        self._check_new(name, where=where)
        if len(self.members) + len(members) > MEMBERS_MAX:
            raise Unreadable(where, f"over {MEMBERS_MAX} members of groups")
        for member in members:
            self._check_known(member, where=where)
            if member in self.members:
                raise Unreadable(where, f"{show(member)} is a member twice")
            self.members.add(member)
        count = {"all": len(members), "any": 1}.get(needed)
        if count is None:
            count = parse_number(needed, what=where)
        if not 1 <= count <= len(members):
            raise Unreadable(where, f"{count} of {len(members)} members cannot be asked for")
        self.groups[name] = Group(needed=count, members=tuple(members))

    def _set_quorum(self, name: str, *, where: str) -> None:
        if self.quorum is not None:
            raise Unreadable(where, "there is a quorum already")
        if name != NONE:
            self._check_known(name, where=where)
        self.quorum = name

    def _check_new(self, name: str, *, where: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise Unreadable(where, f"the name {show(name)} is taken")

    def _check_known(self, name: str, *, where: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise Unreadable(where, f"{show(name)} is not defined above")


def _peer(key: str, url: list[str], *, kind: int, where: str) -> Peer:
    try:
        read = parse_verifier_key(key)
    except Unreadable as error:
        raise Unreadable(where, str(error)) from None
    if read.kind != kind:
        raise Unreadable(where, f"the key of {read.name} is of type {read.kind}, and not {kind}")
    return Peer(key=read, url=url[0] if url else None)
