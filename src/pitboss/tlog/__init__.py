"""The transparency log's formats: tree, tiles, signed notes, proofs.  Pure, and of public design.

Nothing here reads a file, a clock or the network; what is malformed, forged or not proven raises
`errors.Untrusted` (`Unreadable`, `Unsigned`, `BadSignature`, `Unproven`, `QuorumMissed`).

To make a log grow, and sign it:

    frontier, tile_files = frontier.grow(tree.leaf_hashes(entries))    # tiles.Frontier
    bundle_files = tiles.grow_bundles(size, last_bundle_bytes, entries)
    for tile, data in tile_files: ... write data at tile.path ...
    note = checkpoints.sign_checkpoint(
        Checkpoint(origin=origin, size=frontier.size, root=frontier.root),
        [NoteSigner(keys.parse_signing_key(line))],
    )                                                                  # str(note) is the file

To go on after a crash: `Frontier.read(size, read_tile)` reads `tiles.edge_tiles(size)`.

To check one: `keys.parse_verifier_key(text)`, `cosignatures.verifier_of(key)`,
`checkpoints.open_checkpoint(note, verifiers)`, or `policy.parse_policy(text).open(note)`; then
`tiles.decode_bundle(bundle, data)` and the same `Frontier.grow`, whose tiles and root must be the
ones that were read.

To prove: `read = tiles.TileNodes(size, read_tile)`, `tree.inclusion_proof(index, size, read)`,
`tree.consistency_proof(old, new, read)`; `tree.inclusion_nodes`, `tree.consistency_nodes` and
`tiles.tile_of` say beforehand which tiles that reads, for who reads them asynchronously.
`proofs.LogProof` is one proof as a file; `tree.verify_inclusion`, `tree.verify_consistency` and
`proofs.verify_proof` check.

    errors        why something is not believed
    writing       hashes and numbers as text
    tree          RFC 6962: hashes, RightEdge, proofs
    tiles         Tile, Bundle, their paths and bytes; Frontier; TileNodes
    stored        read_file, read_tile, read_entries: also where partial ones were tidied away
    keys          VerifierKey, SigningKey
    notes         Note, Signer, Verifier; sign_note, parse_note, open_note, add_signatures
    checkpoints   Checkpoint; sign_checkpoint, open_checkpoint
    cosignatures  cosign, cosigned_at, verifier_of
    proofs        LogProof; parse_proof, verify_proof
    policy        Policy; parse_policy
"""
