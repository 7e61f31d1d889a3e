internal import OrderedCollections
internal import RetortCore

/// The files beside role sets that let a trainer start without more ado: a dataset card, LLaMA-Factory's index, and
/// one recipe for each trainer.
///
/// The recipe is that of arXiv 2504.16408: LoRA of rank 16 and alpha 32 with LoRA+ (arXiv 2402.12354), B matrices
/// learning 16 times as fast as A, 5 epochs at 2e-5.
struct TrainingKit {
  struct Split: Hashable {
    let role: String
    /// `train` or `validation`.
    let name: String
    let rows: Int
  }

  let formats: Set<TrainingFormat>
  let baseModel: String
  /// In the order in which they are listed.
  let roles: [String]
  /// What the dataset card says of the sets.
  let about: [String]
  /// The splits that have rows; files exist for these alone.
  let splits: [Split]

  /// Path inside the folder and content, in a fixed order.
  var files: [(path: String, text: String)] {
    var files = [("README.md", card)]
    if formats.contains(.llamaFactory) {
      files.append(("dataset_info.json", datasetInfo))
      files += trained.map { ("train-llamafactory-\($0).yaml", llamaFactory($0)) }
    }
    if formats.contains(.msSwift) { files.append(("train-ms-swift.sh", msSwift)) }
    if formats.contains(.axolotl) {
      files += trained.map { ("train-axolotl-\($0).yaml", axolotl($0)) }
    }
    if formats.contains(.trl) { files.append(("train_trl.py", trl)) }
    return files
  }

  private var trained: [String] { roles.filter { has($0, "train") } }

  private func has(_ role: String, _ split: String) -> Bool {
    splits.contains { $0.role == role && $0.name == split }
  }

  // MARK: - Dataset card

  private var card: String {
    let roles = roles.filter { role in splits.contains { $0.role == role } }
    return DatasetCard(
      task: "text-generation",
      subsets: roles.map { role in
        .init(
          name: "sft_\(role)",
          splits: splits.filter { $0.role == role }.map {
            ($0.name, "sft/\(role)-\($0.name).jsonl")
          })
      },
      rows: splits.reduce(0) { $0 + $1.rows },
      body: [
        "# Role sets", "",
      ] + about + ["", "| role | split | rows |", "| --- | --- | --- |"]
        + splits.map { "| \($0.role) | \($0.name) | \($0.rows) |" } + [
          "", "Each line of `sft/` is `{\"messages\": [system, user, assistant]}`; the answer is JSON text.",
          "`manifest.json` lists every file with its rows and SHA-256.",
        ]
    ).text
  }

  // MARK: - LLaMA-Factory

  private var datasetInfo: String {
    var index = LlamaFactoryIndex()
    for split in splits {
      index.add(
        "sft_\(split.role)_\(split.name)", file: "sft/\(split.role)-\(split.name).jsonl",
        columns: ["messages": "messages"])
    }
    return index.text
  }

  private func llamaFactory(_ role: String) -> String {
    let evaluation =
      has(role, "validation")
      ? """
      eval_dataset: sft_\(role)_validation
      eval_strategy: steps
      eval_steps: 50
      per_device_eval_batch_size: 4

      """ : ""
    return """
      # llamafactory-cli train train-llamafactory-\(role).yaml, in this folder
      model_name_or_path: \(baseModel)
      template: llama3
      stage: sft
      do_train: true
      finetuning_type: lora
      lora_rank: 16
      lora_alpha: 32
      loraplus_lr_ratio: 16.0
      dataset_dir: .
      dataset: sft_\(role)_train
      \(evaluation)cutoff_len: 3096
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
      output_dir: out/\(role)

      """
  }

  // MARK: - ms-swift

  private var msSwift: String {
    """
    #!/usr/bin/env bash
    # bash train-ms-swift.sh [MODEL [ROLE...]] with ms-swift 4: one LoRA+ adapter for each role
    set -euo pipefail
    cd "$(dirname "$0")"
    model="${1:-\(baseModel)}"
    [ $# -gt 0 ] && shift
    [ $# -gt 0 ] || set -- \(trained.joined(separator: " "))
    for role in "$@"; do
      validation=()
      if [ -f "sft/$role-validation.jsonl" ]; then
        validation=(--val_dataset "sft/$role-validation.jsonl" --eval_steps 50)
      fi
      # strict: a row that cannot be read stops the training rather than being left out in silence
      swift sft --model "$model" --tuner_type lora --lora_rank 16 --lora_alpha 32 --lorap_lr_ratio 16 \\
        --learning_rate 2e-5 --num_train_epochs 5 --max_length 3096 \\
        --per_device_train_batch_size 4 --gradient_accumulation_steps 4 \\
        --weight_decay 0.01 --warmup_ratio 0.03 --save_steps 50 --save_total_limit 3 --save_only_model true \\
        --strict true --dataset "sft/$role-train.jsonl" ${validation[@]+"${validation[@]}"} \\
        --output_dir "out/$role"
    done

    """
  }

  // MARK: - Axolotl

  private func axolotl(_ role: String) -> String {
    let evaluation =
      has(role, "validation")
      ? """
      test_datasets:
        - path: sft/\(role)-validation.jsonl
          ds_type: json
          split: train
          type: chat_template
          field_messages: messages
          roles_to_train: [assistant]
          train_on_eos: turn
      eval_steps: 50

      """ : ""
    return """
      # axolotl train train-axolotl-\(role).yaml, in this folder
      base_model: \(baseModel)
      adapter: lora
      lora_r: 16
      lora_alpha: 32
      lora_target_linear: true
      loraplus_lr_ratio: 16
      datasets:
        - path: sft/\(role)-train.jsonl
          ds_type: json
          type: chat_template
          field_messages: messages
          roles_to_train: [assistant]
          train_on_eos: turn
      \(evaluation)sequence_len: 3096
      learning_rate: 2.0e-5
      num_epochs: 5
      micro_batch_size: 4
      gradient_accumulation_steps: 4
      weight_decay: 0.01
      warmup_ratio: 0.03
      optimizer: adamw_torch
      lr_scheduler: cosine
      bf16: auto
      save_steps: 50
      save_total_limit: 3
      output_dir: out/\(role)

      """
  }

  // MARK: - TRL

  private var trl: String {
    """
    \"""python train_trl.py ROLE [MODEL]: one LoRA+ adapter with TRL and PEFT; loss on the answer alone.\"""
    import sys
    from pathlib import Path

    import torch
    from datasets import load_dataset
    from peft import LoraConfig, get_peft_model
    from peft.optimizers import create_loraplus_optimizer
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    role = sys.argv[1]
    name = sys.argv[2] if len(sys.argv) > 2 else "\(baseModel)"
    folder = Path(__file__).resolve().parent
    files = {s: str(folder / f"sft_trl/{role}-{s}.jsonl") for s in ("train", "validation")}
    data = load_dataset("json", data_files={s: f for s, f in files.items() if Path(f).exists()})

    tokenizer = AutoTokenizer.from_pretrained(name)
    model = AutoModelForCausalLM.from_pretrained(name, dtype=torch.bfloat16)
    model = get_peft_model(
        model, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))
    # Each group takes the decay from here; the trainer's own setting would have no effect.
    optimizer = create_loraplus_optimizer(
        model, torch.optim.AdamW, lr=2e-5, loraplus_lr_ratio=16, loraplus_weight_decay=0.01)
    evaluate = "validation" in data
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=data["train"],
        eval_dataset=data["validation"] if evaluate else None,
        optimizers=(optimizer, None),
        args=SFTConfig(
            output_dir=str(folder / "out" / role), num_train_epochs=5, learning_rate=2e-5, max_length=3096,
            per_device_train_batch_size=4, gradient_accumulation_steps=4, warmup_ratio=0.03, logging_steps=10,
            eval_strategy="steps" if evaluate else "no", eval_steps=50, save_steps=50, save_total_limit=3))
    trainer.train()
    trainer.save_model()

    """
  }
}
