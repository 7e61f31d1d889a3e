internal import RetortCore

/// Recipes for sets of conversations, one for each trainer, that start a training as they are.
///
/// The recipe is that of arXiv 2504.16408: LoRA of rank 16 and alpha 32 with LoRA+ (arXiv 2402.12354), B matrices
/// learning 16 times as fast as A, 5 epochs at 2e-5.
struct TrainingRecipes: Sendable {
  /// In the order of their files.
  enum Trainer: Hashable, Sendable, CaseIterable {
    case llamaFactory, msSwift, axolotl, trl, openRLHF, verl
  }

  /// A set that one adapter is trained on.
  struct Target: Hashable, Sendable {
    /// A role's; nil where there is one set alone.
    let role: String?
    /// Conversations.
    let messages: TrainingShape
    /// Stem of prompts and completions, which TRL and OpenRLHF read.
    let completions: String

    /// Of files that are for this set alone.
    var suffix: String { role.map { "-\($0)" } ?? "" }
    /// Where the adapter goes.
    var output: String { role.map { "out/\($0)" } ?? "out" }
  }

  /// What is trained where the pipeline names no model.
  static let baseModel = "meta-llama/Meta-Llama-3-8B-Instruct"
  /// Most tokens of a conversation where the pipeline does not say.
  static let maxLength = 3096

  let trainers: Set<Trainer>
  let baseModel: String
  /// Most tokens of a conversation.
  let maxLength: Int
  /// Whether the earlier answers of a conversation are shown and not learnt, where a trainer can be told so.
  var learnsLastAlone = false
  /// The sets of roles, or one without a role.
  let targets: [Target]

  /// LLaMA-Factory's name of the model's chat template; without, it asks the model's tokenizer.
  var template: String? { baseModel.lowercased().contains("llama-3") ? "llama3" : nil }

  var isByRole: Bool { targets.contains { $0.role != nil } }

  func texts(_ splits: [TrainingSplit]) -> [TrainingKit.Text] {
    let present = Set(splits.map(\.path))
    let trained = targets.filter { target in
      [target.messages.stem, target.completions].contains { present.contains("\($0)-train.jsonl") }
    }
    let isHeld = { (target: Target) in present.contains("\(target.messages.stem)-validation.jsonl") }
    return Trainer.allCases.filter(trainers.contains).flatMap { trainer -> [TrainingKit.Text] in
      switch trainer {
      case .llamaFactory:
        trained.map { ("train-llamafactory\($0.suffix).yaml", llamaFactory($0, isHeld: isHeld($0))) }
      case .msSwift: [("train-ms-swift.sh", msSwift(trained))]
      case .axolotl: trained.map { ("train-axolotl\($0.suffix).yaml", axolotl($0, isHeld: isHeld($0))) }
      case .trl: [("train_trl.py", trl)]
      case .openRLHF: trained.map { ("train-openrlhf\($0.suffix).sh", openRLHF($0)) }
      case .verl: trained.map { ("train-verl\($0.suffix).sh", verl($0)) }
      }
    }
  }

  // MARK: - LLaMA-Factory

  private func llamaFactory(_ target: Target, isHeld: Bool) -> String {
    let evaluation =
      isHeld
      ? """
      eval_dataset: \(target.messages.indexed)_validation
      eval_strategy: steps
      eval_steps: 50
      per_device_eval_batch_size: 4

      """ : ""
    return """
      # llamafactory-cli train train-llamafactory\(target.suffix).yaml, in this folder
      model_name_or_path: \(baseModel)
      \(template.map { "template: \($0)\n" } ?? "")stage: sft
      do_train: true
      finetuning_type: lora
      lora_rank: 16
      lora_alpha: 32
      loraplus_lr_ratio: 16.0
      dataset_dir: .
      dataset: \(target.messages.indexed)_train
      \(learnsLastAlone ? "mask_history: true\n" : "")\(evaluation)cutoff_len: \(maxLength)
      learning_rate: 2.0e-5
      num_train_epochs: 5.0
      per_device_train_batch_size: 4
      gradient_accumulation_steps: 4
      weight_decay: 0.01
      warmup_ratio: 0.03
      lr_scheduler_type: cosine
      bf16: true
      logging_steps: 10
      save_steps: 50
      save_total_limit: 3
      output_dir: \(target.output)

      """
  }

  // MARK: - ms-swift

  private func msSwift(_ trained: [Target]) -> String {
    guard isByRole else {
      return """
        #!/usr/bin/env bash
        # bash train-ms-swift.sh [MODEL] with ms-swift 4: a LoRA+ adapter
        set -euo pipefail
        cd "$(dirname "$0")"
        model="${1:-\(baseModel)}"
        \(trained.map { swiftCommand($0.messages.stem, output: $0.output) }.joined())

        """
    }
    return """
      #!/usr/bin/env bash
      # bash train-ms-swift.sh [MODEL [ROLE...]] with ms-swift 4: one LoRA+ adapter for each role
      set -euo pipefail
      cd "$(dirname "$0")"
      model="${1:-\(baseModel)}"
      [ $# -gt 0 ] && shift
      [ $# -gt 0 ] || set -- \(trained.compactMap(\.role).joined(separator: " "))
      for role in "$@"; do
      \(swiftCommand("sft/$role", output: "out/$role").indented)
      done

      """
  }

  private func swiftCommand(_ stem: String, output: String) -> String {
    """
    validation=()
    if [ -f "\(stem)-validation.jsonl" ]; then
      validation=(--val_dataset "\(stem)-validation.jsonl" --eval_steps 50)
    fi
    # strict: a row that cannot be read stops the training rather than being left out in silence
    swift sft --model "$model" --tuner_type lora --lora_rank 16 --lora_alpha 32 --lorap_lr_ratio 16 \\
      --learning_rate 2e-5 --num_train_epochs 5 --max_length \(maxLength) \\
      --per_device_train_batch_size 4 --gradient_accumulation_steps 4 \\
      --weight_decay 0.01 --warmup_ratio 0.03 --save_steps 50 --save_total_limit 3 --save_only_model true \\
      \(learnsLastAlone ? "--loss_scale last_round " : "")--strict true --dataset "\(stem)-train.jsonl" ${validation[@]+"${validation[@]}"} \\
      --output_dir "\(output)"
    """
  }
}

extension String {
  /// With two spaces before each line.
  fileprivate var indented: String {
    split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(separator: "\n")
  }
}
