/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The variants of a fixture for each kind of virtqueue: split or packed, with
 * and without EVENT_IDX, INDIRECT_DESC and IN_ORDER. Include it after the
 * harness.
 */
#ifndef VHXT_MATRIX_H
#define VHXT_MATRIX_H

#include "vdev.h"

#define RING_EVENT	BIT_ULL(VIRTIO_RING_F_EVENT_IDX)
#define RING_INDIRECT	BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC)
#define RING_IN_ORDER	BIT_ULL(VIRTIO_F_IN_ORDER)
#define RING_PACKED	BIT_ULL(VIRTIO_F_RING_PACKED)
#define RING_ALL	(RING_EVENT | RING_INDIRECT | RING_IN_ORDER)

/*
 * RING_MATRIX() adds all 16 of them to a fixture, named NAME_split,
 * NAME_packed_event and so on. @add is a macro that adds a variant; its
 * arguments are the fixture, the variant's name, and the features. All variants
 * have the features in @base.
 *
 * RING_FEW() is for tests that depend little on the ring: each format, without
 * any of these features and with all of them. RING_BOTH() is for tests that do
 * not depend on it, or are slow: each format with all of them.
 */
#define RING_MATRIX(fixture, name, add, base)				\
	RING_FORMAT(fixture, name##_split, add, base);			\
	RING_FORMAT(fixture, name##_packed, add, (base) | RING_PACKED)

#define RING_FEW(fixture, name, add, base)				\
	RING_ENDS(fixture, name##_split, add, base);			\
	RING_ENDS(fixture, name##_packed, add, (base) | RING_PACKED)

#define RING_BOTH(fixture, name, add, base)				\
	add(fixture, name##_split, (base) | RING_ALL);			\
	add(fixture, name##_packed, (base) | RING_ALL | RING_PACKED)

/*
 * Guest memory is pinned in half of the variants: in those with an odd number
 * of these features, the packed format being one. So each feature is tried with
 * both. MEMORY=other in the environment swaps the halves.
 */
#define RING_PINNED(f)	__builtin_parityll((f) & (RING_ALL | RING_PACKED))

/* A variant of these contents. The declaration takes the semicolon. */
#define RING_VARIANT(fixture, name, ...)				\
	FIXTURE_VARIANT_ADD(fixture, name) { __VA_ARGS__ };		\
	struct vq

#define RING_FORMAT(fixture, name, add, base)				\
	RING_EVENTS(fixture, name, add, base);				\
	RING_EVENTS(fixture, name##_indirect, add,			\
		    (base) | RING_INDIRECT);				\
	RING_EVENTS(fixture, name##_in_order, add,			\
		    (base) | RING_IN_ORDER);				\
	RING_EVENTS(fixture, name##_indirect_in_order, add,		\
		    (base) | RING_INDIRECT | RING_IN_ORDER)

#define RING_EVENTS(fixture, name, add, base)				\
	add(fixture, name, base);					\
	add(fixture, name##_event, (base) | RING_EVENT)

#define RING_ENDS(fixture, name, add, base)				\
	add(fixture, name, base);					\
	add(fixture, name##_all, (base) | RING_ALL)

#endif /* VHXT_MATRIX_H */
