"""What stable-audio-tools' transformers can be: options of their configuration, by what they are."""

from typing import Any

COVERED: dict[str, dict[str, Any]] = {
    "plain": {},
    "adaLN": {"global_cond_type": "adaLN"},
    "qk_norm ln": {"attn_kwargs": {"qk_norm": "ln"}},
    "qk_norm l2": {"attn_kwargs": {"qk_norm": "l2"}},
    "qk_norm rms": {"attn_kwargs": {"qk_norm": "rms"}},
    "rms norms": {"norm_type": "rms_norm"},
    "rms norms in fp32, adaLN": {
        "norm_type": "rms_norm",
        "norm_kwargs": {"force_fp32": True},
        "global_cond_type": "adaLN",
    },
    "differential": {"attn_kwargs": {"differential": True, "qk_norm": "ln"}},
    "memory tokens": {"num_memory_tokens": 3},
    "absolute positions": {"use_abs_pos_emb": True, "abs_pos_emb_max_length": 64},
    "sinusoidal positions": {"use_sinusoidal_emb": True},
    "no rotary positions": {"rotary_pos_emb": False},
    "projected conditioning": {"project_cond_tokens": True},
    "layer scale": {"layer_scale": True},
    "patches": {"patch_size": 2},
    "cross attention in the first layer only": {"final_cross_attn_ix": 0},
    "norms in fp32, with bias": {"norm_kwargs": {"force_fp32": True, "bias": True}},
    "narrow feed-forward without bias": {"ff_kwargs": {"mult": 2, "no_bias": True}},
    "all of pocket's": {
        "global_cond_type": "adaLN",
        "num_memory_tokens": 4,
        "use_abs_pos_emb": True,
        "abs_pos_emb_max_length": 64,
        "attn_kwargs": {"qk_norm": "ln"},
        "ff_kwargs": {"mult": 2},
    },
}

NOT_COVERED: dict[str, dict[str, Any]] = {
    "conformer blocks": {"conformer": True},
    "DynamicTanh norms": {"norm_type": "dyt"},
    "DynamicTanh on queries and keys": {"attn_kwargs": {"qk_norm": "dyt"}},
    "feature scaling": {"attn_kwargs": {"feat_scale": True}},
    "feed-forward without a gate": {"ff_kwargs": {"glu": False}},
    "rotary embedding per layer": {"add_rope": True},
}
