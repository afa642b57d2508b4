/*
 * Rows of the binding table: products of matrices and vectors.
 */
#include "args.h"

static void matmul(tyb_call *c)
{
    RETURN(ty_matmul(T(0), T(1)));
}

static void mm(tyb_call *c)
{
    RETURN(ty_mm(T(0), T(1)));
}

static void bmm(tyb_call *c)
{
    RETURN(ty_bmm(T(0), T(1)));
}

static void mv(tyb_call *c)
{
    RETURN(ty_mv(T(0), T(1)));
}

static void dot(tyb_call *c)
{
    RETURN(ty_dot(T(0), T(1)));
}

static void outer(tyb_call *c)
{
    RETURN(ty_outer(T(0), T(1)));
}

static void addmm(tyb_call *c)
{
    RETURN(ty_addmm(T(0), T(1), T(2), NUMBER(3), NUMBER(4)));
}

static void linear(tyb_call *c)
{
    RETURN(ty_linear(T(0), T(1), T(2)));
}

const tyb_row tyb_rows_matmul[] = {
    {"matmul", "(input: Tensor, other: Tensor) -> Tensor", matmul, TYB_BOTH | TYB_OUT,
     "The product of vectors, matrices, or batches of matrices {..., n, k} and {..., k, m}, whose leading dimensions "
     "broadcast.",
     "ty.tensor{{1, 2}, {3, 4}}:matmul(ty.tensor{{1, 0}, {0, 1}})"},
    {"mm", "(input: Tensor, mat2: Tensor) -> Tensor", mm, TYB_BOTH | TYB_OUT,
     "The product of matrices {n, k} and {k, m}: {n, m}.", "ty.ones(2, 3):mm(ty.ones(3, 2))"},
    {"bmm", "(input: Tensor, mat2: Tensor) -> Tensor", bmm, TYB_BOTH | TYB_OUT,
     "The products of batches of matrices {b, n, k} and {b, k, m}: {b, n, m}.",
     "ty.ones(4, 2, 3):bmm(ty.ones(4, 3, 2)).shape"},
    {"mv", "(input: Tensor, vec: Tensor) -> Tensor", mv, TYB_BOTH | TYB_OUT,
     "The product of a matrix {n, k} and a vector {k}: {n}.", "ty.ones(2, 3):mv(ty.ones(3))"},
    {"dot", "(input: Tensor, tensor: Tensor) -> Tensor", dot, TYB_BOTH | TYB_OUT,
     "The inner product of two vectors, a single number.", "ty.tensor{1.0, 2.0}:dot(ty.tensor{3.0, 4.0})"},
    {"outer", "(input: Tensor, vec2: Tensor) -> Tensor", outer, TYB_BOTH | TYB_OUT,
     "The outer product of vectors {n} and {m}: {n, m}.", "ty.tensor{1, 2}:outer(ty.tensor{3, 4})"},
    {"addmm", "(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: number = 1, alpha: number = 1) -> Tensor", addmm,
     TYB_BOTH | TYB_OUT, "beta * input + alpha * (mat1 x mat2); input broadcasts to the product's shape.",
     "ty.ones(2):addmm(ty.ones(2, 3), ty.ones(3, 2))"},
    {"linear", "(input: Tensor, weight: Tensor, bias: Tensor?) -> Tensor", linear, TYB_F,
     "input {..., in} times the transpose of weight {out, in}, plus bias {out}: {..., out}.",
     "F.linear(ty.ones(2, 3), ty.ones(4, 3), ty.zeros(4)).shape"},
    {0},
};
