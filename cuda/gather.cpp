// SPDX-License-Identifier: Apache-2.0
// Schedules a gather: on how many multiprocessors, and whether its index is sorted first.
#include "unitensor/gather.h"

#include <algorithm>

#include "backend.hpp"
#include "core/dtype.hpp"
#include "page_order.hpp"

namespace uni::cuda {
namespace {

class Gather {
 public:
  Gather(Backend &backend, const uni_gather_plan &plan, Stream stream)
      : backend_(backend), plan_(plan), stream_(stream) {
    request_.index = {plan.index,
                      plan.index_dtype,
                      plan.count,
                      plan.num_indices,
                      plan.parts[0].source.num_rows,
                      plan.bounds == UNI_BOUNDS_TRUST};
    request_.source_dtype = plan.parts[0].source_dtype;
    request_.out_dtype = plan.parts[0].out_dtype;
    request_.row_scales = plan.row_scales;
  }

  void run() {
    check_memory();
    if (request_.index.trust && !has_bytes()) return;
    BoundsQuestion question;
    question.report = plan_.bounds == UNI_BOUNDS_CHECK;
    question.num_rows = request_.index.num_rows;
    question.num_indices = plan_.num_indices;
    Operation operation(backend_, plan_.device_id, stream_, !request_.index.trust, question,
                        Operation::Capture::kPossible);
    for (int32_t t = 0; t < plan_.num_parts; ++t) {
      operation.reads(plan_.parts[t].source);
      operation.writes(plan_.parts[t].out);
    }
    operation.reads(plan_.index, index_bytes());
    operation.reads(plan_.count, sizeof *plan_.count);
    operation.reads(plan_.row_scales, scale_bytes());
    request_.record = operation.record();
    operation.begin();
    if (by_page_) order_by_page(operation, plan_.order == UNI_ORDER_BY_PAGE);
    backend_.calls().require(
        backend_.api().launch_gather(request_, stream_), "the kernel that gathers %lld rows of %lld bytes",
        static_cast<long long>(plan_.num_indices), static_cast<long long>(plan_.parts[0].out.row_bytes));
    operation.finish();
  }

 private:
  bool has_bytes() const {
    return std::any_of(plan_.parts, plan_.parts + plan_.num_parts,
                       [](const uni_gather_part &part) { return part.out.row_bytes > 0; });
  }

  int64_t index_bytes() const { return plan_.num_indices * core::dtype_size(plan_.index_dtype); }
  int64_t scale_bytes() const { return request_.index.num_rows * static_cast<int64_t>(sizeof(float)); }

  void check_memory() {
    const int32_t device_id = plan_.device_id;
    bool over_link = false, pays = false;
    const bool are_many = plan_.num_parts > 1;
    for (int32_t t = 0; t < plan_.num_parts; ++t) {
      const uni_gather_part &part = plan_.parts[t];
      const OperandName source_name = are_many ? OperandName("sources", t) : "source";
      const OperandName out_name = are_many ? OperandName("outs", t) : "out";
      const PointerKind source = backend_.require_readable(part.source, source_name, device_id);
      const PointerKind out = backend_.require_readable(part.out, out_name, device_id);
      const bool from_host = source != PointerKind::kDevice, to_host = out != PointerKind::kDevice;
      over_link = over_link || from_host || to_host;
      pays = pays || page_order_pays({source, part.source.num_rows * part.source.row_pitch, part.source.row_bytes,
                                      plan_.num_indices});
      if (part.out.row_bytes > 0) request_.parts[request_.num_parts++] = {part.source, part.out, to_host && !from_host};
      if (part.source_dtype == part.out_dtype) continue;
      require_aligned(part.source, core::dtype_size(part.source_dtype), "source", "converting");
      require_aligned(part.out, core::dtype_size(part.out_dtype), "out", "converting");
    }
    // What has no bytes is looked at all the same, for the sake of the index.
    if (request_.num_parts == 0)
      request_.parts[request_.num_parts++] = {plan_.parts[0].source, plan_.parts[0].out, false};
    backend_.require_readable(plan_.index, index_bytes(), "index", device_id);
    backend_.require_count(plan_.count, device_id);
    backend_.require_readable(plan_.row_scales, scale_bytes(), "options->row_scales", device_id);
    request_.num_multiprocessors = backend_.multiprocessors_for(plan_.num_multiprocessors, over_link, device_id);
    by_page_ = plan_.order == UNI_ORDER_BY_PAGE || (plan_.order == UNI_ORDER_AUTO && pays);
    if (plan_.num_indices >= kMostOrdered || request_.index.num_rows == 0) by_page_ = false;
  }

  // Without the memory that a sort takes, rows are read as they are given, unless the order was asked for.
  void order_by_page(Operation &operation, bool asked_for) {
    Calls &calls = backend_.calls();
    const Api &api = backend_.api();
    const OrderKeyBits bits = order_key_bits(request_.index.num_rows);
    SortRequest sort = {};
    sort.count = plan_.num_indices;
    sort.num_bits = bits.num_bits;
    int64_t workspace_bytes = 0;
    calls.require(api.sort_workspace_bytes(sort.count, sort.num_bits, &workspace_bytes),
                  "the workspace of a sort of %lld rows", static_cast<long long>(sort.count));
    // All in one piece, since each costs a call to allocate and one to free.
    const int64_t array_bytes = (sort.count * static_cast<int64_t>(sizeof(uint32_t)) + 255) / 256 * 256;
    const int64_t num_bytes = 4 * array_bytes + workspace_bytes;
    char *const memory =
        static_cast<char *>(asked_for ? operation.allocate(num_bytes) : operation.allocate_if_there_is(num_bytes));
    if (memory == nullptr) return;
    const auto array = [&](int64_t i) { return reinterpret_cast<uint32_t *>(memory + i * array_bytes); };
    sort.keys = array(0);
    sort.other_keys = array(1);
    sort.positions = array(2);
    sort.other_positions = array(3);
    void *const workspace = memory + 4 * array_bytes;
    calls.require(
        api.launch_order_keys({request_.index, bits.row_shift, sort.keys, sort.positions, request_.num_multiprocessors},
                              stream_),
        "the kernel that makes keys of %lld rows", static_cast<long long>(sort.count));
    uint32_t *sorted = nullptr;
    calls.require(api.sort_pairs(sort, workspace, workspace_bytes, stream_, &sorted), "the sort of %lld rows",
                  static_cast<long long>(sort.count));
    request_.order = sorted;
  }

  Backend &backend_;
  const uni_gather_plan &plan_;
  const Stream stream_;
  GatherRequest request_ = {};
  bool by_page_ = false;
};

}  // namespace

uni_status gather(void *self, const uni_gather_plan *plan, void *stream, uni_error *error) noexcept {
  return enter(self, error, [&](Backend &backend) {
    if (plan->num_indices > 0) Gather(backend, *plan, stream).run();
  });
}

}  // namespace uni::cuda
