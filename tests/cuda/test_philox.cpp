// The words of the CUDA backend's random generator: the published vectors of Philox 4x32-10 (Random123's kat_vectors),
// and how a stream counts: seed, sequence and offset as cuRAND's curand_init(seed, sequence, offset) has them.
#include "backend/cuda/philox.cuh"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
}

static void assert_words(tyi_words w, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const uint32_t expected[] = {a, b, c, d};
    for (int k = 0; k < 4; k++)
        assert_int_equal(w.at[k], expected[k]);
}

static void test_published_vectors(void **)
{
    assert_words(tyi_philox_block({{0, 0, 0, 0}}, 0, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    assert_words(tyi_philox_block({{~0u, ~0u, ~0u, ~0u}}, ~0u, ~0u), 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    assert_words(tyi_philox_block({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0),
                 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
}

static void test_streams_count_blocks(void **)
{
    tyi_philox_stream zero({0, 0}, 0);
    assert_words(zero.next(), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    tyi_words second = zero.next();
    tyi_philox_stream later({0, 4}, 0);
    tyi_words same = later.next();
    assert_words(second, same.at[0], same.at[1], same.at[2], same.at[3]);
    /* The seed is the key, the sequence the upper half of the counter, the offset / 4 the lower one. */
    tyi_philox_stream far({0x299f31d0a4093822, 0x85a308d3243f6a88 * 4}, 0x0370734413198a2e);
    tyi_words w = far.next(),
              expected = tyi_philox_block({{0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0);
    assert_words(w, expected.at[0], expected.at[1], expected.at[2], expected.at[3]);
}

static void test_single_words_are_those_of_blocks(void **)
{
    tyi_philox_stream blocks({7, 8}, 3);
    tyi_philox_words words({7, 8}, 3);
    for (int k = 0; k < 12; k++) {
        static tyi_words w;
        if (k % 4 == 0)
            w = blocks.next();
        assert_int_equal(words.next(), w.at[k % 4]);
    }
}

static void test_uniforms(void **)
{
    assert_true(tyi_uniform_of(0) > 0);
    assert_true(tyi_uniform_of(~0u) == 1.0f);
    assert_true(tyi_uniform_of(0x80000000u) == 0.5f);
    assert_true(tyi_uniform_of(0, 0) > 0);
    assert_true(tyi_uniform_of(~0u, ~0u >> 0) <= 1.0);
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors),
        cmocka_unit_test(test_streams_count_blocks),
        cmocka_unit_test(test_single_words_are_those_of_blocks),
        cmocka_unit_test(test_uniforms),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
